import type { Command } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { importConnectors } from '../connect/import-connectors.ts'
import { ConnectRest } from '../connect/rest.ts'
import { listed, statusLines } from '../connect/status-lines.ts'
import { table } from '../connect/table.ts'
import { UsageError } from '../usage-error.ts'

const DEFAULT_URL = 'http://127.0.0.1:8083'

export const command: Command = {
  help: `usage: naru connect list [--url URL]
       naru connect status [CONNECTOR…] [--url URL]
       naru connect import --from URL [--to URL] [--dry-run] [--move] [--only NAME,…]

list      the connectors of a cluster, with states
status    connectors and tasks, with the first line of what failed
import    copies connectors from a running cluster (Kafka Connect 3.6 or newer, or Naru) to another: each is made STOPPED here, given its
          offsets, and put into the state that it has there. One that runs there stays STOPPED here: with --move it is stopped there first,
          and runs here from where it stopped. It may be repeated; what runs here already is left alone.

  --url URL          a worker of the cluster (default ${DEFAULT_URL})
  --from URL         a worker of the cluster to copy from
  --to URL           a worker of the cluster to copy to (default ${DEFAULT_URL})
  --only NAME,…      these connectors (default: all)
  --move             stop what runs there, and run it here
  --dry-run          tell what would be done and why not, change nothing
`,
  async run(args) {
    const kinds = {
      url: 'string',
      from: 'string',
      to: 'string',
      only: 'string',
      'dry-run': 'boolean',
      move: 'boolean',
    } as const
    const flags = parseFlags(args, kinds)
    const [what, ...names] = flags.positionals
    switch (what) {
      case 'list':
        process.stdout.write(table(await listed(new ConnectRest(flags.text('url') ?? DEFAULT_URL))))
        return 0
      case 'status':
        process.stdout.write(table(await statusLines(new ConnectRest(flags.text('url') ?? DEFAULT_URL), names)))
        return 0
      case 'import': {
        const from = flags.text('from')
        if (from === undefined) throw new UsageError('import needs --from URL, a worker of the cluster to copy from')
        const result = await importConnectors({
          from: new ConnectRest(from),
          to: new ConnectRest(flags.text('to') ?? DEFAULT_URL),
          dryRun: flags.on('dry-run'),
          move: flags.on('move'),
          only: flags.text('only')?.split(','),
        })
        process.stdout.write(table(result.rows))
        return result.complete ? 0 : 1
      }
      default:
        throw new UsageError('connect takes list, status or import; see naru connect --help')
    }
  },
}
