import { configDef, ConfigError, javaFullMatch, validators } from '../api/index.ts'
import type { ConnectRecord, Predicate, Props, Validator } from '../api/index.ts'

const regex: Validator = Object.assign(
  (key: string, value: unknown) => {
    if (value === null) throw ConfigError.invalid(key, value, 'Invalid regex: a pattern is needed')
    try {
      javaFullMatch(value as string)
    } catch (error) {
      throw ConfigError.invalid(key, value, `Invalid regex: ${(error as Error).message}`)
    }
  },
  { describe: 'valid regular expression' },
)

const topicNameDef = configDef({
  pattern: {
    type: 'STRING',
    validator: validators.all(validators.nonEmpty, regex),
    importance: 'MEDIUM',
    documentation: 'A regular expression that must fit the whole topic name.',
  },
})

export class TopicNameMatches implements Predicate {
  #pattern = /$^/

  static configDef(): typeof topicNameDef {
    return topicNameDef
  }

  configure(props: Props): void {
    this.#pattern = javaFullMatch(topicNameDef.parse(props).pattern)
  }

  test(record: ConnectRecord): boolean {
    return this.#pattern.test(record.topic)
  }
}

const headerDef = configDef({
  name: {
    type: 'STRING',
    validator: validators.nonEmpty,
    importance: 'MEDIUM',
    documentation: 'The header name.',
  },
})

export class HasHeaderKey implements Predicate {
  #name = ''

  static configDef(): typeof headerDef {
    return headerDef
  }

  configure(props: Props): void {
    this.#name = headerDef.parse(props).name
  }

  test(record: ConnectRecord): boolean {
    return record.headers.some(({ key }) => key === this.#name)
  }
}

const tombstoneDef = configDef({})

/** The record's value is null. */
export class RecordIsTombstone implements Predicate {
  static configDef(): typeof tombstoneDef {
    return tombstoneDef
  }

  configure(): void {}

  test(record: ConnectRecord): boolean {
    return record.value === null || record.value === undefined
  }
}
