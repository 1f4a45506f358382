import packageInfo from './package.json' with { type: 'json' }
import type { Command } from './command.ts'
import { CompileCache } from './compile-cache.ts'
import { UsageError, closest } from './usage-error.ts'

/** Loaded only when asked for, so that a worker starts without the demo's code. */
const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  demo: () => import('./commands/demo.ts'),
  dev: () => import('./commands/dev.ts'),
  worker: () => import('./commands/worker.ts'),
  standalone: () => import('./commands/standalone.ts'),
  embedded: () => import('./commands/embedded.ts'),
  connect: () => import('./commands/connect.ts'),
  connector: () => import('./commands/connector.ts'),
}

const HELP = `naru: a connector runtime for Apache Kafka

usage: naru COMMAND [arguments]

  demo                                   Postgres → Kafka → S3 on this machine, with a small shop that is busy
  dev                                    the embedded parts and a worker, without content
  worker worker.properties               a distributed worker of the Kafka cluster named there (.json works too)
  standalone worker.properties CONNECTOR…  one worker alone with connectors from files
  embedded kafka|s3|postgres             one embedded part alone
  connect list|status|import             the connectors of a cluster, and those of another to be taken over
  connector new NAME                     a folder with a connector to begin with

  naru COMMAND --help                    the flags of a command
  naru --version
`

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageInfo.version}\n`)
    return 0
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) throw new UsageError(`there is no command "${name}"${closest(name, Object.keys(COMMANDS))}`)
  CompileCache.pruneDaily()
  const { command } = await load()
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help)
    return 0
  }
  return await command.run(rest)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`naru: ${error.message}\n`)
  process.exitCode = 2
}
