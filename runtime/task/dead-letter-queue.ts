import { ConnectError } from '../api/index.ts'
import type { Admin } from '../kafka/admin.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
import type { Producer, ProducerRecord, RecordHeader } from '../kafka/producer.ts'
import { errorClassName, stackTrace } from '../telemetry/stack-trace.ts'
import type { ErrorMetrics } from './error-metrics.ts'
import type { ErrorReporter, Failure } from './error-tolerance.ts'

export interface DeadLetterOptions {
  readonly topic: string
  readonly connector: string
  readonly task: number
  readonly contextHeaders: boolean
  readonly producer: Producer
  readonly metrics: ErrorMetrics
}

/** `errors.deadletterqueue.*`: failed records as they were consumed, with the story of the failure in headers. */
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
    const { consumed } = failure
    if (consumed === undefined) return undefined
    return this.#produce(this.#letter(consumed, failure))
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

  #letter(consumed: FetchedRecord, failure: Failure): ProducerRecord {
    const { topic, contextHeaders } = this.#options
    const context = contextHeaders ? deadLetterHeaders(consumed, failure, this.#options) : []
    return {
      topic,
      key: consumed.key,
      value: consumed.value,
      headers: [...consumed.headers, ...context],
      timestamp: consumed.timestamp < 0 ? undefined : consumed.timestamp,
    }
  }
}

/** In this order, values as text (org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter). */
export function deadLetterHeaders(
  consumed: FetchedRecord,
  failure: Failure,
  of: { readonly connector: string; readonly task: number },
): readonly RecordHeader[] {
  const message = failure.error instanceof Error ? failure.error.message : String(failure.error)
  const context: readonly (readonly [string, string | null])[] = [
    ['topic', consumed.topic],
    ['partition', String(consumed.partition)],
    ['offset', String(consumed.offset)],
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
