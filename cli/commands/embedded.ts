import { resolve } from 'node:path'
import type { Command } from '../command.ts'
import type { Parsed } from '../flags.ts'
import { parseFlags } from '../flags.ts'
import { busyPort } from '../lab/ports.ts'
import { aborted, stopSignal } from '../stop-signal.ts'
import { UsageError, closest } from '../usage-error.ts'

interface Part extends AsyncDisposable {
  /** Where it serves, for a person. */
  readonly at: string
}

type Start = (options: { readonly port: number; readonly dataDir: string; readonly flags: Parsed }) => Promise<Part>

const PARTS: Readonly<Record<string, { readonly port: number; readonly start: Start }>> = {
  kafka: {
    port: 9092,
    async start({ port, dataDir, flags }) {
      const { EmbeddedKafka } = await import('@naru/embedded/kafka')
      const host = flags.text('host')
      const kafka = await EmbeddedKafka.start({ port, dataDir, ...(host === undefined ? {} : { host }) })
      return { at: kafka.bootstrap, [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose]() }
    },
  },
  s3: {
    port: 9000,
    async start({ port, dataDir, flags }) {
      const { EmbeddedS3 } = await import('@naru/embedded/s3')
      const host = flags.text('host')
      const bucket = flags.text('bucket')
      const s3 = await EmbeddedS3.start({
        port,
        dataDir,
        ...(host === undefined ? {} : { host }),
        ...(bucket === undefined ? {} : { buckets: bucket.split(',') }),
      })
      return {
        at: `${s3.endpoint}, region ${s3.region}, access key ${s3.accessKeyId}, secret key ${s3.secretAccessKey}`,
        [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
      }
    },
  },
  postgres: {
    port: 54320,
    async start({ port, dataDir, flags }) {
      const { EmbeddedPostgres } = await import('@naru/embedded/postgres')
      const database = flags.text('database')
      const postgres = await EmbeddedPostgres.start({ port, dataDir, ...(database === undefined ? {} : { database }) })
      const moved = postgres.dataDir === dataDir ? '' : ` (data really in ${postgres.dataDir})`
      return { at: postgres.url + moved, [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose]() }
    },
  },
}

export const command: Command = {
  help: `usage: naru embedded kafka|s3|postgres [--port N] [--data DIR]

One embedded part alone, for tests of other projects; Ctrl-C ends it.

  --port N        default: kafka 9092, s3 9000, postgres 54320; 0: any free port
  --data DIR      default: .naru/PART
  --host NAME     kafka, s3: where to listen; default 127.0.0.1
  --bucket A,B    s3: buckets to create
  --database NAME postgres: database to create
`,
  async run(args) {
    const flags = parseFlags(args, {
      port: 'string',
      data: 'string',
      host: 'string',
      bucket: 'string',
      database: 'string',
    })
    const [name, ...more] = flags.positionals
    if (name === undefined || more.length > 0) throw new UsageError('embedded takes one part: kafka, s3 or postgres')
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
    if (part === undefined)
      throw new UsageError(`there is no embedded part "${name}"${closest(name, Object.keys(PARTS))}`)
    const dataDir = resolve(flags.text('data') ?? `.naru/${name}`)
    const stop = stopSignal()
    const port = flags.port('port', part.port)
    try {
      await using running = await part.start({ port, dataDir, flags })
      process.stdout.write(`${name}: ${running.at}\ndata in ${dataDir}; Ctrl-C ends it\n`)
      await aborted(stop)
    } catch (error) {
      throw busyPort(error, { part: name, port, flag: '--port' })
    }
    return 0
  },
}
