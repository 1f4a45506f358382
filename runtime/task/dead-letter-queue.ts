import { ConnectError } from '../api/index.ts'
import type { Admin } from '../kafka/admin.ts'
import type { Producer, ProducerRecord, RecordHeader } from '../kafka/producer.ts'
import { errorClassName, stackTrace } from '../telemetry/stack-trace.ts'
import type { ErrorMetrics } from './error-metrics.ts'
import type { ErrorReporter, Failure } from './error-tolerance.ts'

/** Name behind `__connect.errors.`, and its text; null: no value. */
export type ContextField = readonly [name: string, value: string | null]

/** A record as it goes into a letter. */
export interface LetterParts {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly timestamp: number | undefined
  /** Where the record came from. */
  readonly from: readonly ContextField[]
}

/** How records of sinks and of sources become letters; undefined: not a record of this kind. */
export interface LetterContents {
  partsOf(failure: Failure): LetterParts | undefined
}

export interface DeadLetterOptions {
  readonly topic: string
  readonly connector: string
  readonly task: number
  readonly contextHeaders: boolean
  readonly contents: LetterContents
  readonly producer: Producer
  readonly metrics: ErrorMetrics
}

/** `errors.deadletterqueue.*`: failed records, with the story of the failure in headers. */
export class DeadLetterQueue implements ErrorReporter {
  readonly #options: DeadLetterOptions

  private constructor(options: DeadLetterOptions) {
    this.#options = options
  }

  /** Creates the topic when it is missing: one partition. */
  static async open(
    options: DeadLetterOptions & { readonly admin: Admin; readonly replicationFactor: number },
    signal?: AbortSignal,
  ): Promise<DeadLetterQueue> {
    const { topic, admin, replicationFactor } = options
    try {
      await admin.createTopic({ name: topic, partitions: 1, replicationFactor }, signal)
    } catch (error) {
      throw new ConnectError(
        `Could not initialize dead letter queue with topic=${topic} (errors.deadletterqueue.topic.replication.factor=${replicationFactor})`,
        { cause: error },
      )
    }
    return new DeadLetterQueue(options)
  }

  report(failure: Failure): Promise<void> | undefined {
    const parts = this.#options.contents.partsOf(failure)
    return parts === undefined ? undefined : this.#produce(this.#letter(parts, failure))
  }

  async #produce(letter: ProducerRecord): Promise<void> {
    const { metrics, producer } = this.#options
    metrics.dlqRequests++
    try {
      await producer.sendAndWait([letter])
    } catch (error) {
      metrics.dlqFailures++
      throw new ConnectError(`Could not produce message to dead letter queue. topic=${this.#options.topic}`, {
        cause: error,
      })
    }
  }

  #letter({ key, value, headers, timestamp, from }: LetterParts, failure: Failure): ProducerRecord {
    const { topic, contextHeaders } = this.#options
    const context = contextHeaders ? contextHeadersOf(from, failure, this.#options) : []
    return { topic, key, value, headers: [...headers, ...context], timestamp }
  }
}

/** Records of a sink: the bytes, headers and time as they were consumed. */
export const CONSUMED_RECORDS: LetterContents = {
  partsOf({ consumed }) {
    if (consumed === undefined) return undefined
    const { topic, partition, offset, key, value, headers, timestamp } = consumed
    return {
      ...{ key, value, headers },
      timestamp: timestamp < 0 ? undefined : timestamp,
      from: [
        ['topic', topic],
        ['partition', String(partition)],
        ['offset', String(offset)],
      ],
    }
  },
}

/** In this order, values as text (org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter). */
export function contextHeadersOf(
  from: readonly ContextField[],
  failure: Failure,
  of: { readonly connector: string; readonly task: number },
): readonly RecordHeader[] {
  const message = failure.error instanceof Error ? failure.error.message : String(failure.error)
  const context: readonly ContextField[] = [
    ...from,
    ['connector.name', of.connector],
    ['task.id', String(of.task)],
    ['stage', failure.stage],
    ['class.name', failure.className],
    ['exception.class.name', errorClassName(failure.error)],
    ['exception.message', message === '' ? null : message],
    ['exception.stacktrace', stackTrace(failure.error)],
  ]
  return context.map(([name, value]) => ({
    key: `__connect.errors.${name}`,
    value: value === null ? null : Buffer.from(value),
  }))
}
