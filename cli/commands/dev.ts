import type { Command } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { writeEndpoints } from '../lab/endpoints.ts'
import { LAB_FLAGS, LAB_HELP, labOptions } from '../lab/lab-options.ts'
import { Lab } from '../lab/lab.ts'
import { PluginWatch } from '../lab/plugin-watch.ts'
import { whereabouts } from '../lab/whereabouts.ts'
import { aborted, stopSignal } from '../stop-signal.ts'
import { UsageError } from '../usage-error.ts'

export const command: Command = {
  help: `usage: naru dev [flags]

An embedded Kafka broker, Postgres, an S3 server and a worker, without content: post your own connectors to its REST API.

${LAB_HELP}  --no-postgres      without Postgres
  --no-s3            without the S3 server
  --plugins FOLDER   a plugin's folder, or one with folders of plugins; changed files are taken up at once: the connectors that
                     use the plugin restart. One that cannot be loaded leaves the old code running
`,
  async run(args) {
    const flags = parseFlags(args, { ...LAB_FLAGS, 'no-postgres': 'boolean', 'no-s3': 'boolean', plugins: 'string' })
    if (flags.positionals.length > 0) throw new UsageError(`dev takes flags only, not "${flags.positionals[0]}"`)
    const stop = stopSignal()
    await using lab = await Lab.start(labOptions(flags, process.env))
    await writeEndpoints(lab.folder.file('endpoints.json'), lab.endpoints)
    process.stdout.write(
      `${whereabouts(lab.endpoints, lab.folder.path, lab.postgres?.dataDir).join('\n')}\n\nReady; Ctrl-C ends it.\n`,
    )
    const say = (line: string): void => void process.stdout.write(`${line}\n`)
    const plugins = flags.text('plugins')
    using _ = plugins === undefined ? undefined : new PluginWatch(plugins, lab.worker, say)
    await Promise.race([lab.broken, aborted(stop)])
    return 0
  },
}
