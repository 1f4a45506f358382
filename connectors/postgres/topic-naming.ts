import type { Logger } from 'naru/api'
import type { TableName } from './postgres/publication.ts'

const ILLEGAL = /[^A-Za-z0-9._-]/g
const MAX_LENGTH = 249

export type NamingStrategy = 'schema' | 'schema-unicode' | 'schema-regex' | 'table' | 'table-unicode' | 'table-regex'

export interface TopicNamingOptions {
  readonly prefix: string
  readonly delimiter: string
  readonly strategy: NamingStrategy
  readonly regex: RegExp | undefined
  readonly replacement: string
  readonly heartbeatPrefix: string
  readonly heartbeatName: string | undefined
  readonly transactionSuffix: string
  readonly database: string
}

/** Topics of the connector; schema names derive from the sanitised topic name. */
export class TopicNaming {
  readonly #options: TopicNamingOptions
  readonly #logger: Logger
  readonly #tableOf = new Map<string, string>()
  readonly heartbeat: string
  readonly transaction: string
  readonly message: string

  constructor(options: TopicNamingOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
    this.heartbeat = sanitised(
      options.heartbeatName ?? `${options.heartbeatPrefix}${options.delimiter}${options.prefix}`,
    )
    this.transaction = sanitised(`${options.prefix}${options.delimiter}${options.transactionSuffix}`)
    this.message = sanitised(`${options.prefix}${options.delimiter}message`)
  }

  data(table: TableName): string {
    const { prefix, delimiter, strategy, regex, replacement, database } = this.#options
    const middle = strategy.startsWith('schema') ? table.schema : database
    let name = [prefix, middle, table.table].join(delimiter)
    if (strategy.endsWith('regex') && regex !== undefined && regex.test(name)) name = name.replace(regex, replacement)
    const topic = strategy.endsWith('unicode') ? unicodeSanitised(name) : sanitised(name)
    const identity = `${table.schema}.${table.table}`
    const other = this.#tableOf.get(topic)
    if (other === undefined) {
      this.#tableOf.set(topic, identity)
      if (topic !== name) this.#logger.warn(`topic name ${topic} stands for ${name}, which Kafka does not allow`)
    } else if (other !== identity && !strategy.endsWith('regex')) {
      this.#logger.warn(`tables ${other} and ${identity} share the topic ${topic}`)
    }
    return topic
  }
}

function sanitised(name: string): string {
  return name.replaceAll(ILLEGAL, '_').slice(0, MAX_LENGTH)
}

function unicodeSanitised(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9.-]/g, (c) => `_u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .slice(0, MAX_LENGTH)
}
