import { ConnectError } from '../api/errors.ts'
import type { Plugin } from '../api/plugin.ts'
import type { Props } from '../api/props.ts'
import { NO_HEADERS } from '../api/record.ts'
import type { SinkRecord, TopicPartition } from '../api/record.ts'
import type { Offsets, PartitionOffset, SinkTask, SinkTaskContext } from '../api/sink-task.ts'
import { LogLines } from './log-lines.ts'
import { sinkOf, taskConfigs } from './plugin-connector.ts'

export interface SinkHarnessOptions {
  readonly plugin: Plugin
  /** `connector.class`, whole or its last part. */
  readonly connector: string
  readonly props: Props
  /** Assigned at the start; default partition 0 of `topic`. */
  readonly partitions?: readonly TopicPartition[]
  /** false: there is no dead letter queue. */
  readonly errantRecords?: boolean
}

const NAME = 'under-test'
export const TOPIC = 'topic'
const NEVER = new AbortController().signal

/**
 * One sink task as a worker runs it, without a worker.
 *
 *     await using sink = await SinkTaskHarness.start({ plugin, connector: 'MySink', props })
 *     await sink.put(sink.record({ value: 'a' }), sink.record({ value: 'b' }))
 *     assert.deepEqual(await sink.commit(), [{ topic: 'topic', partition: 0, offset: 2 }])
 */
export class SinkTaskHarness implements AsyncDisposable {
  readonly logger = new LogLines()
  /** Records that the task reported, with the reason. */
  readonly errant: { readonly record: SinkRecord; readonly error: Error }[] = []
  /** Calls of context.seek and context.timeout. */
  readonly seeks: Offsets[] = []
  readonly timeouts: number[] = []
  commitsRequested = 0
  /** What context.atEnd answers. */
  atEnd = true
  readonly #options: SinkHarnessOptions
  readonly #next = new Map<string, PartitionOffset>()
  readonly #delivered = new Map<string, PartitionOffset>()
  #partitions: readonly TopicPartition[] = []
  #task: SinkTask | undefined

  private constructor(options: SinkHarnessOptions) {
    this.#options = options
  }

  static async start(options: SinkHarnessOptions): Promise<SinkTaskHarness> {
    const harness = new SinkTaskHarness(options)
    await harness.#start()
    return harness
  }

  get task(): SinkTask {
    if (this.#task === undefined) throw new ConnectError('the task was stopped')
    return this.#task
  }

  /** A record with the next offset of its partition; of `topic` 0 unless it says. */
  record(given: Partial<SinkRecord> = {}): SinkRecord {
    const { topic = TOPIC, partition = 0 } = given
    const at = `${topic}-${partition}`
    const offset = given.offset ?? this.#next.get(at)?.offset ?? 0
    this.#next.set(at, { topic, partition, offset: offset + 1 })
    const record = {
      ...{ topic, partition, offset, keySchema: undefined, key: null, valueSchema: undefined, value: null },
      ...{ timestamp: Date.now(), timestampType: 'CreateTime' as const, headers: NO_HEADERS },
      ...given,
    }
    return { originalTopic: topic, originalPartition: partition, originalOffset: offset, ...record }
  }

  /** One put. It throws what the task throws; then nothing counts as delivered. */
  async put(...records: readonly SinkRecord[]): Promise<void> {
    await this.task.put(records, NEVER)
    for (const { topic, partition, offset } of records)
      this.#delivered.set(`${topic}-${partition}`, { topic, partition, offset: offset + 1 })
  }

  /** What the task lets be committed now. Throws when that is more than it was given. */
  async commit(): Promise<Offsets> {
    const delivered = [...this.#delivered.values()]
    const offsets = (await this.task.preCommit?.(delivered)) ?? delivered
    for (const { topic, partition, offset } of offsets) {
      const most = this.#delivered.get(`${topic}-${partition}`)?.offset ?? -1
      if (offset > most)
        throw new ConnectError(`preCommit answers ${offset} for ${topic}-${partition}; ${most} was delivered`)
    }
    return offsets
  }

  /** A rebalance that takes all partitions and gives these. */
  async assign(...partitions: readonly TopicPartition[]): Promise<void> {
    if (this.#partitions.length > 0) {
      await this.commit()
      await this.task.close?.(this.#partitions)
    }
    this.#partitions = partitions
    this.#delivered.clear()
    if (partitions.length > 0) await this.task.open?.(partitions)
  }

  /** As a worker does: commit, close, stop. */
  async stop(): Promise<void> {
    if (this.#task === undefined) return
    await this.assign()
    await this.#task.stop()
    this.#task = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    const { plugin, connector, props, partitions = [{ topic: TOPIC, partition: 0 }] } = this.#options
    const of = sinkOf(plugin, connector)
    const [config] = await taskConfigs(of, {
      name: NAME,
      props: { topics: TOPIC, ...props },
      maxTasks: 1,
      logger: this.logger,
    })
    if (config === undefined) throw new ConnectError('the connector made no task config')
    const task = new of.task()
    await task.start(config, this.#context(config))
    this.#task = task
    await this.assign(...partitions)
  }

  #context(configs: Props): SinkTaskContext {
    const report = (record: SinkRecord, error: Error): Promise<void> => {
      this.errant.push({ record, error })
      return Promise.resolve()
    }
    return {
      connector: NAME,
      task: 0,
      logger: this.logger,
      configs: () => Promise.resolve(configs),
      errantRecords: this.#options.errantRecords === false ? undefined : { report },
      assignment: () => this.#partitions,
      atEnd: () => this.atEnd,
      seek: (offsets) => void this.seeks.push(offsets),
      timeout: (ms) => void this.timeouts.push(ms),
      requestCommit: () => void this.commitsRequested++,
      pause: () => undefined,
      resume: () => undefined,
    }
  }
}
