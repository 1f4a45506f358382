import { ThreadedKafka } from '@naru/embedded/kafka-thread'
import { EmbeddedPostgres } from '@naru/embedded/postgres'
import { EmbeddedS3 } from '@naru/embedded/s3'
import { createLogger, startDistributed } from 'naru'
import type { RootLogger, RunningWorker } from 'naru'
import { createWriteStream } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { DataFolder } from './data-folder.ts'
import type { Endpoints } from './endpoints.ts'
import type { LabOptions } from './lab-options.ts'
import { busyPort, requireFreePorts } from './ports.ts'
import type { PortOf } from './ports.ts'
import { workerProps } from './worker-props.ts'

export const BUCKET = 'landing'
export const DATABASE = 'shop'

const READY_TIMEOUT_MS = 60_000

/** A broker, a database, an S3 server and a worker: everything of `naru demo` but its content. */
export class Lab implements AsyncDisposable {
  readonly folder: DataFolder
  readonly endpoints: Endpoints
  /** Writes to naru.log in the data folder. */
  readonly logger: RootLogger
  readonly worker: RunningWorker
  /** undefined: without Postgres. */
  readonly postgres: EmbeddedPostgres | undefined
  /** Rejects when a part that must not end does. */
  readonly broken: Promise<never>
  readonly #parts: AsyncDisposableStack

  static async start(options: LabOptions): Promise<Lab> {
    await using parts = new AsyncDisposableStack()
    const folder = parts.use(await DataFolder.open(options.dataDir, { clean: options.clean }))
    await requireFreePorts(usedPorts(options))
    const log = createWriteStream(folder.file('naru.log'), { flags: 'a' })
    parts.defer(() => void log.end())
    const logger = createLogger({ format: 'pretty', destination: log })
    const part = async <T extends AsyncDisposable>(of: PortOf, starting: Promise<T>): Promise<T> => {
      try {
        return parts.use(await starting)
      } catch (error) {
        throw busyPort(error, of)
      }
    }
    const { ports } = options
    const [kafka, postgres, s3] = await allOf([
      part(
        ports.kafka,
        ThreadedKafka.start({
          dataDir: folder.file('kafka'),
          port: ports.kafka.port,
          logger: logger.child('[kafka]'),
          rememberMembers: false, // the worker ends with it
        }),
      ),
      options.postgres
        ? part(
            ports.postgres,
            EmbeddedPostgres.start({
              dataDir: folder.file('postgres'),
              port: ports.postgres.port,
              database: DATABASE,
            }),
          )
        : undefined,
      options.s3
        ? part(ports.s3, EmbeddedS3.start({ dataDir: folder.file('s3'), port: ports.s3.port, buckets: [BUCKET] }))
        : undefined,
    ])
    const props = workerProps({ bootstrap: kafka.bootstrap, restPort: ports.rest.port, plugins: options.plugins })
    const worker = await part(ports.rest, startDistributed({ props, logger }))
    await untilHealthy(worker)
    const endpoints: Endpoints = {
      rest: worker.restUrl,
      kafka: kafka.bootstrap,
      ...(postgres === undefined ? {} : { postgres: postgres.url }),
      ...(s3 === undefined ? {} : { s3: { ...access(s3), bucket: BUCKET } }),
    }
    const broken = Promise.all([kafka.closed, worker.closed]).then(() => new Promise<never>(() => undefined))
    broken.catch(() => undefined) // heard by whoever waits
    return new Lab({ folder, endpoints, logger, worker, postgres, broken }, parts.move())
  }

  private constructor(
    of: Pick<Lab, 'folder' | 'endpoints' | 'logger' | 'worker' | 'postgres' | 'broken'>,
    parts: AsyncDisposableStack,
  ) {
    this.folder = of.folder
    this.endpoints = of.endpoints
    this.logger = of.logger
    this.worker = of.worker
    this.postgres = of.postgres
    this.broken = of.broken
    this.#parts = parts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }
}

/** Like Promise.all, but waits for all even when one fails, so that the started ones can be stopped. */
async function allOf<T extends readonly unknown[]>(starting: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starting)
  return await Promise.all(starting)
}

function usedPorts({ ports, postgres, s3 }: LabOptions): PortOf[] {
  return [ports.rest, ports.kafka, ...(postgres ? [ports.postgres] : []), ...(s3 ? [ports.s3] : [])]
}

function access({ endpoint, region, accessKeyId, secretAccessKey }: EmbeddedS3) {
  return { endpoint, region, accessKeyId, secretAccessKey }
}

/** REST listens before the worker has read its topics and joined its group. */
async function untilHealthy(worker: RunningWorker): Promise<void> {
  const failed = worker.closed.then(() => {
    throw new Error('the worker ended while it started')
  })
  failed.catch(() => undefined)
  const deadline = Date.now() + READY_TIMEOUT_MS
  while ((await Promise.race([failed, health(worker.restUrl)])) !== 200) {
    if (Date.now() > deadline) throw new Error(`the worker is not ready after ${READY_TIMEOUT_MS} ms; see naru.log`)
    await delay(25)
  }
}

async function health(url: string): Promise<number> {
  const response = await fetch(`${url}/health`)
  await response.arrayBuffer()
  return response.status
}
