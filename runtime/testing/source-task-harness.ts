import { ConnectError } from '../api/errors.ts'
import type { Plugin } from '../api/plugin.ts'
import type { Props } from '../api/props.ts'
import type { SourceOffset, SourcePartition, SourceRecord } from '../api/record.ts'
import type { CommittedOffset, SourceTask } from '../api/source-task.ts'
import { parseOffsetValue, offsetKey, offsetValue } from '../storage/offset-records.ts'
import { LogLines } from './log-lines.ts'
import { sourceOf, taskConfigs } from './plugin-connector.ts'
import { valueErrors } from './value-errors.ts'

export interface SourceHarnessOptions {
  readonly plugin: Plugin
  /** `connector.class`, whole or its last part. */
  readonly connector: string
  readonly props: Props
  /** Which of the connector's tasks; default 0. */
  readonly task?: number
  /** Default 1. */
  readonly maxTasks?: number
  /** Stored before the task starts. */
  readonly offsets?: readonly CommittedOffset[]
}

const PATIENCE_MS = 30_000
const NAME = 'under-test'

/**
 * One source task as a worker runs it, without a worker: the connector is validated and asked for task configs, the task is started, polled, committed
 * and restarted from what was committed. Records are checked against their schemas.
 *
 *     await using source = await SourceTaskHarness.start({ plugin, connector: 'MySource', props })
 *     const records = await source.records(3)
 *     await source.commit()
 *     await source.restart()                      // reads on behind the third record
 */
export class SourceTaskHarness implements AsyncDisposable {
  readonly logger = new LogLines()
  readonly #options: SourceHarnessOptions
  readonly #offsets = new Map<string, Buffer>()
  #task: SourceTask | undefined
  #uncommitted: readonly SourceRecord[] = []
  #ahead: SourceRecord[] = []

  private constructor(options: SourceHarnessOptions) {
    this.#options = options
    for (const { partition, offset } of options.offsets ?? []) this.#store(partition, offset)
  }

  static async start(options: SourceHarnessOptions): Promise<SourceTaskHarness> {
    const harness = new SourceTaskHarness(options)
    await harness.#start()
    return harness
  }

  /** The running task, for what the harness has no word for. */
  get task(): SourceTask {
    if (this.#task === undefined) throw new ConnectError('the task was stopped')
    return this.#task
  }

  /** The next `count` records. Rejects when they do not come in time, or when one does not fit its schema. */
  async records(count: number, timeoutMs = PATIENCE_MS): Promise<readonly SourceRecord[]> {
    const deadline = Date.now() + timeoutMs
    while (this.#ahead.length < count) {
      const signal = AbortSignal.timeout(Math.max(deadline - Date.now(), 0))
      const polled = await this.task.poll(signal)
      polled.forEach(check)
      this.#ahead.push(...polled)
      if (this.#ahead.length < count && signal.aborted)
        throw new ConnectError(`${this.#ahead.length} of ${count} records within ${timeoutMs} ms`)
    }
    const records = this.#ahead.slice(0, count)
    this.#ahead = this.#ahead.slice(count)
    this.#uncommitted = [...this.#uncommitted, ...records]
    return records
  }

  /** One poll that is called off after `ms`: what it returned. */
  async poll(ms: number): Promise<readonly SourceRecord[]> {
    const records = await this.task.poll(AbortSignal.timeout(ms))
    records.forEach(check)
    this.#uncommitted = [...this.#uncommitted, ...records]
    return records
  }

  /** The records that were taken are in Kafka: their offsets are stored, and the task is told. */
  async commit(): Promise<void> {
    const newest = new Map<string, CommittedOffset>()
    for (const { sourcePartition: partition, sourceOffset: offset } of this.#uncommitted)
      newest.set(offsetKey(NAME, partition).toString(), { partition, offset })
    this.#uncommitted = []
    for (const { partition, offset } of newest.values()) this.#store(partition, offset)
    await this.task.commit?.([...newest.values()])
  }

  /** Stops the task and starts a new one from the committed offsets: what was not committed comes again. */
  async restart(): Promise<void> {
    await this.stop()
    await this.#start()
  }

  async stop(): Promise<void> {
    await this.#task?.stop()
    this.#task = undefined
    this.#uncommitted = []
    this.#ahead = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    const { plugin, connector, props, task: number = 0, maxTasks = 1 } = this.#options
    const of = sourceOf(plugin, connector)
    const configs = await taskConfigs(of, { name: NAME, props, maxTasks, logger: this.logger })
    const config = configs[number]
    if (config === undefined)
      throw new ConnectError(`the connector made ${configs.length} task configs; none for task ${number}`)
    const task = new of.task()
    await task.start(config, {
      connector: NAME,
      task: number,
      logger: this.logger,
      configs: () => Promise.resolve(config),
      offsets: { offsets: (partitions) => Promise.resolve(partitions.map((partition) => this.#stored(partition))) },
    })
    this.#task = task
  }

  /** Through the bytes of the offset topic: a task gets back what JSON keeps of what it gave. */
  #store(partition: SourcePartition, offset: SourceOffset): void {
    this.#offsets.set(offsetKey(NAME, partition).toString(), offsetValue(offset))
  }

  #stored(partition: SourcePartition): SourceOffset | undefined {
    const value = this.#offsets.get(offsetKey(NAME, partition).toString())
    return value && parseOffsetValue(value)
  }
}

function check(record: SourceRecord): void {
  const { keySchema, key, valueSchema, value, topic } = record
  const errors = [...valueErrors(keySchema, key, 'key'), ...valueErrors(valueSchema, value, 'value')]
  for (const header of record.headers) errors.push(...valueErrors(header.schema, header.value, `header ${header.key}`))
  if (topic === '') errors.push('topic is empty')
  for (const [what, map] of [
    ['sourcePartition', record.sourcePartition],
    ['sourceOffset', record.sourceOffset],
  ] as const)
    for (const [name, each] of Object.entries(map))
      if (typeof each === 'object' && each !== null)
        errors.push(`${what}.${name} is an object; only primitive values are stored`)
  if (errors.length > 0) throw new ConnectError(`a record is not valid: ${errors.join('; ')}`)
}
