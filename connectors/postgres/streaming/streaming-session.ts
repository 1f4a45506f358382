import type { Logger } from 'naru/api'
import type pg from 'pg'
import type { EventFactory } from '../event-factory.ts'
import { Heartbeat } from '../heartbeat.ts'
import type { PostgresSourceConfig } from '../postgres-source-config.ts'
import { rows } from '../postgres/connection.ts'
import { ReplicationStream } from '../postgres/replication-stream.ts'
import type { RecordQueue } from '../record-queue.ts'
import type { Server } from '../source-info.ts'
import type { StreamPosition } from '../source-offset.ts'
import type { TableRegistry } from '../table-registry.ts'
import type { FlushPosition } from './flush-position.ts'
import { ResumePoint } from './resume-point.ts'
import { WalReader } from './wal-reader.ts'

export interface StreamingSessionOptions {
  readonly config: PostgresSourceConfig
  readonly logger: Logger
  readonly server: Server
  readonly client: pg.Client
  readonly replication: pg.Client
  readonly registry: TableRegistry
  readonly factory: EventFactory
  readonly queue: RecordQueue
  readonly flush: FlushPosition
  readonly position: StreamPosition
}

/** First server version with logical decoding messages in pgoutput. */
const MESSAGES_SINCE = 140_000

/** One replication stream with what ticks beside it: status updates and heartbeats. */
export class StreamingSession {
  readonly #options: StreamingSessionOptions
  readonly #stream: ReplicationStream
  readonly #reader: WalReader

  private constructor(options: StreamingSessionOptions, stream: ReplicationStream, resume: ResumePoint) {
    this.#options = options
    this.#stream = stream
    this.#reader = new WalReader({ ...options, stream, resume })
  }

  static async open(options: StreamingSessionOptions, signal: AbortSignal): Promise<StreamingSession> {
    const { config, client, replication, position, logger } = options
    const [row] = await rows(client, 'SHOW server_version_num')
    const messages = Number(row?.['server_version_num']) >= MESSAGES_SINCE
    const resume = new ResumePoint(position)
    const stream = await ReplicationStream.start(
      replication,
      {
        slot: config.slot.name,
        start: resume.start,
        pluginOptions: [
          ['proto_version', '1'],
          ['publication_names', quotedName(config.publication.name)],
          ...(messages ? [['messages', 'true'] as const] : []),
          ...config.slot.streamParams,
        ],
      },
      signal,
    )
    logger.info(`streaming from slot ${config.slot.name}`)
    return new StreamingSession(options, stream, resume)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { config } = this.#options
    // Also answers the server while the queue is full, so that a slow consumer does not run into wal_sender_timeout.
    using _status = new Heartbeat(config.statusIntervalMs, () => this.sendStatus())
    using _heartbeat = new Heartbeat(config.heartbeat.intervalMs, () => this.#beat())
    await this.#reader.run(signal)
  }

  /** Invariant 1: `flushed` is only what is durable downstream. */
  sendStatus(): void {
    const { config, flush } = this.#options
    const flushed = config.confirm ? flush.lsn : 0
    this.#stream.sendStatus(Math.max(this.#stream.walStart, flushed), flushed)
  }

  /** Last word to the server: what was confirmed, and goodbye. */
  close(): void {
    this.sendStatus()
    this.#stream.finish()
  }

  #beat(): void {
    const { config, queue, factory, flush, client, logger } = this.#options
    const offset = this.#reader.currentOffset()
    if (offset === undefined || queue.full) return
    queue.push(factory.heartbeat(Date.now(), offset))
    flush.emitted(offset)
    queue.publish()
    const sql = config.heartbeat.actionQuery
    if (sql !== undefined) {
      void rows(client, sql).catch((error: Error) => logger.error(`heartbeat.action.query failed: ${error.message}`))
    }
  }
}

/** The option is a list of identifiers. */
function quotedName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
