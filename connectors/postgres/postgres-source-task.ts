import type { CommittedOffset, Props, SourceOffset, SourceRecord, SourceTask, SourceTaskContext } from 'naru/api'
import { ConnectError } from 'naru/api'
import { EventFactory } from './event-factory.ts'
import { PostgresSourceConfig, ignoredKeys } from './postgres-source-config.ts'
import { RecordQueue } from './record-queue.ts'
import { Replicator } from './replicator.ts'
import { StreamPosition } from './source-offset.ts'
import { FlushPosition } from './streaming/flush-position.ts'
import { TopicNaming } from './topic-naming.ts'

interface Running {
  readonly config: PostgresSourceConfig
  readonly queue: RecordQueue
  readonly flush: FlushPosition
  readonly replicator: Replicator
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/**
 * Captures one database. A replicator fills the queue in the background, poll empties it, commit lets the server forget what is
 * durable. Losing the server does not fail the task; what waiting cannot mend is thrown by poll.
 */
export class PostgresSourceTask implements SourceTask {
  static readonly className = 'io.debezium.connector.postgresql.PostgresConnectorTask'

  /** The queue hands out whole units (record-queue.ts). */
  readonly keepsUnitsWhole = true

  #running: Running | undefined

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    const config = PostgresSourceConfig.parse(props)
    const { logger } = context
    for (const key of ignoredKeys(props)) logger.warn(`${key} has no effect in this connector`)
    if (props['plugin.name'] === undefined) logger.info('plugin.name is not set: using pgoutput')
    const naming = new TopicNaming(config.naming, logger)
    const factory = new EventFactory({ config, naming, taskId: context.task })
    const [stored] = await context.offsets.offsets([factory.partition])
    const position = stored === undefined ? undefined : StreamPosition.restore(stored)
    logger.info(startText(stored, position))
    const queue = new RecordQueue(config.queue)
    const flush = new FlushPosition()
    const replicator = new Replicator({ config, logger, naming, factory, queue, flush, position })
    const stop = new AbortController()
    const ended = replicator.run(stop.signal).catch((error: unknown) => queue.fail(error))
    this.#running = { config, queue, flush, replicator, stop, ended }
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { config, queue } = this.#started()
    return queue.take(config.queue.maxBatch, signal)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const { config, flush, replicator } = this.#started()
    for (const { partition, offset } of offsets) if (partition['server'] === config.prefix) flush.committed(offset)
    replicator.confirm()
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.stop.abort()
    await running.ended
    this.#running = undefined
  }

  #started(): Running {
    if (this.#running === undefined) throw new ConnectError('the task is not started')
    return this.#running
  }
}

function startText(stored: SourceOffset | undefined, position: StreamPosition | undefined): string {
  if (stored === undefined) return 'no stored offset: this is the first start'
  return position === undefined
    ? 'the stored offset is of a snapshot that was not finished: it begins anew'
    : `continuing from stored offset ${JSON.stringify(stored, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`
}
