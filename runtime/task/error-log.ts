import { connectJson } from '../api/connect-json.ts'
import { plain } from '../api/index.ts'
import type { Logger, Schema } from '../api/index.ts'
import type { ErrorMetrics } from './error-metrics.ts'
import type { ErrorReporter, FailedSource, Failure } from './error-tolerance.ts'

/**
 * `errors.log.enable`: one line per failure, in Connect's words (org.apache.kafka.connect.runtime.errors.LogReporter). Keys and values of
 * consumed records are never shown, a source record is shown whole.
 */
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
    if (source !== undefined) return `${message}, where source record is = ${sourceText(source)}.`
    if (consumed === undefined) return `${message}.`
    const { topic, partition, offset, timestamp, timestampType } = consumed
    const time = timestampType === 'NoTimestampType' ? '' : `, timestamp=${timestamp}, timestampType=${timestampType}`
    return `${message}, where consumed record is {topic='${topic}', partition=${partition}, offset=${offset}${time}}.`
  }
}

/** As Java's SourceRecord.toString. */
function sourceText(source: FailedSource): string {
  const { topic, partition, keySchema, key, valueSchema, value, timestamp, headers = [] } = source
  const headersText = headers.map((each) => `ConnectHeader(key=${each.key}, value=${text(each.value)})`).join(', ')
  return (
    `SourceRecord{sourcePartition=${mapText(source.sourcePartition)}, sourceOffset=${mapText(source.sourceOffset)}} ` +
    `ConnectRecord{topic='${topic}', kafkaPartition=${partition ?? 'null'}, ` +
    `key=${text(key)}, keySchema=${schemaText(keySchema)}, value=${text(value)}, valueSchema=${schemaText(valueSchema)}, ` +
    `timestamp=${timestamp ?? 'null'}, headers=ConnectHeaders(headers=${headersText})}`
  )
}

function mapText(map: object): string {
  return `{${Object.entries(map)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ')}}`
}

function schemaText(schema: Schema | undefined): string {
  if (schema === undefined) return 'null'
  return schema.name === undefined ? `Schema{${schema.type}}` : `Schema{${schema.name}:${schema.type}}`
}

function text(value: unknown): string {
  try {
    const known = plain(value)
    if (known === undefined || known === null) return 'null'
    return typeof known === 'object' ? connectJson(known) : String(known as string | number | bigint | boolean)
  } catch {
    return 'a value that cannot be shown' // that is why it failed
  }
}
