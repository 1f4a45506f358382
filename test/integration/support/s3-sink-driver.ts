import { setImmediate } from 'node:timers/promises'
import { NO_HEADERS } from 'naru/api'
import type { Logger, Offsets, Props, SinkRecord, SinkTaskContext, TopicPartition } from 'naru/api'
import { S3SinkTask } from '../../../connectors/s3/s3-sink-task.ts'
import type { OpenTarget } from './s3-target.ts'

const never = new AbortController().signal

/** Drives one S3 sink task as the runtime does, and records what it asks for. */
export class S3SinkDriver implements AsyncDisposable {
  readonly task = new S3SinkTask()
  readonly warnings: string[] = []
  readonly seeks: Offsets[] = []
  readonly errors: { readonly record: SinkRecord; readonly error: Error }[] = []
  readonly timeouts: number[] = []
  /** What was put is all there is. */
  atEnd = true
  #partitions: readonly TopicPartition[] = []

  static async start(
    target: OpenTarget,
    props: Props = {},
    partitions: readonly number[] = [0],
  ): Promise<S3SinkDriver> {
    const driver = new S3SinkDriver()
    await driver.task.start({ ...sinkProps(target), ...props }, driver.#context(props['errors.tolerance'] === 'all'))
    driver.#partitions = partitions.map((partition) => ({ topic: 'orders', partition }))
    await driver.task.open(driver.#partitions)
    return driver
  }

  async put(records: readonly SinkRecord[] = []): Promise<void> {
    await setImmediate() // the runtime polls a socket between two calls
    await this.task.put(records, never)
  }

  /** Offsets by partition, of those the task lets be committed. */
  async committable(): Promise<Readonly<Record<number, number>>> {
    const delivered = this.#partitions.map((of) => ({ ...of, offset: Number.MAX_SAFE_INTEGER }))
    const offsets = await this.task.preCommit(delivered)
    return Object.fromEntries(offsets.map(({ partition, offset }) => [partition, offset]))
  }

  /** Calls preCommit until partition 0 reaches `offset`. */
  async committed(offset: number): Promise<void> {
    while (((await this.committable())[0] ?? 0) < offset) await this.put()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.task.stop()
  }

  #context(tolerant: boolean): SinkTaskContext {
    const report = (record: SinkRecord, error: Error): Promise<void> => {
      this.errors.push({ record, error })
      return Promise.resolve()
    }
    return {
      connector: 'sink',
      task: 0,
      logger: logger(this.warnings),
      configs: async () => ({}),
      errantRecords: tolerant ? { report } : undefined,
      assignment: () => this.#partitions,
      atEnd: () => this.atEnd,
      seek: (offsets) => void this.seeks.push(offsets),
      timeout: (ms) => void this.timeouts.push(ms),
      requestCommit: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    }
  }
}

export function sinkProps(target: OpenTarget): Props {
  return {
    name: 'sink',
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    topics: 'orders',
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
    'flush.size': '3',
    's3.bucket.name': target.bucket,
    's3.region': target.region,
    'store.url': target.endpoint,
    'aws.access.key.id': target.accessKeyId,
    'aws.secret.access.key': target.secretAccessKey,
    's3.retry.backoff.ms': '10',
    'retry.backoff.ms': '50',
  }
}

/** Records of one partition with offsets `from` to `to` - 1. */
export function records(
  from: number,
  to: number,
  more: (offset: number) => Partial<SinkRecord> = () => ({}),
): SinkRecord[] {
  return Array.from({ length: to - from }, (_, index) => {
    const offset = from + index
    const record = {
      topic: 'orders',
      partition: 0,
      keySchema: undefined,
      key: `k${offset}`,
      valueSchema: undefined,
      value: { offset } as unknown,
      timestamp: 0,
      timestampType: 'CreateTime' as const,
      headers: NO_HEADERS,
      offset,
      ...more(offset),
    }
    return { ...record, originalTopic: 'orders', originalPartition: record.partition, originalOffset: offset }
  })
}

function logger(warnings: string[]): Logger {
  const silent = (): void => undefined
  const of: Logger = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text) => void warnings.push(text),
    child: () => of,
  }
  return of
}
