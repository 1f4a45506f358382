import type { Logger } from '../api/index.ts'
import type { ErrorMetrics } from './error-metrics.ts'
import type { ErrorReporter, Failure } from './error-tolerance.ts'

/** `errors.log.enable`: one line per failure, in Connect's words. Keys and values of consumed records are never shown. */
export class ErrorLog implements ErrorReporter {
  readonly #task: string
  readonly #includeMessages: boolean
  readonly #logger: Logger
  readonly #metrics: ErrorMetrics

  constructor(options: {
    readonly task: string
    readonly includeMessages: boolean
    readonly logger: Logger
    readonly metrics: ErrorMetrics
  }) {
    this.#task = options.task
    this.#includeMessages = options.includeMessages
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  report(failure: Failure): undefined {
    this.#metrics.logged++
    this.#logger.error(this.#message(failure), { error: failure.error })
  }

  #message({ stage, className, consumed, source }: Failure): string {
    const message = `Error encountered in task ${this.#task}. Executing stage '${stage}' with class '${className}'`
    if (!this.#includeMessages) return `${message}.`
    if (consumed !== undefined) {
      const { topic, partition, offset, timestamp, timestampType } = consumed
      return `${message}, where consumed record is {topic='${topic}', partition=${partition}, offset=${offset}, timestamp=${timestamp}, timestampType=${timestampType}}.`
    }
    if (source === undefined) return `${message}.`
    const text = (value: object): string =>
      JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
    return `${message}, where source record is = SourceRecord{sourcePartition=${text(source.sourcePartition)}, sourceOffset=${text(source.sourceOffset)}} ConnectRecord{topic='${source.topic}', kafkaPartition=${source.partition ?? 'null'}}.`
  }
}
