import { configDef, ConfigError, DataError, javaFullMatch, javaRegex } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation, Validator } from '../api/index.ts'

const regex: Validator = Object.assign(
  (key: string, value: unknown) => {
    if (value === null) throw ConfigError.invalid(key, value, 'Invalid regex: a pattern is needed')
    try {
      javaRegex(value as string)
    } catch (error) {
      throw ConfigError.invalid(key, value, `Invalid regex: ${(error as Error).message}`)
    }
  },
  { describe: 'valid regex' },
)

const definition = configDef({
  regex: {
    type: 'STRING',
    validator: regex,
    importance: 'HIGH',
    documentation: 'Regular expression to use for matching; it must fit the whole topic.',
  },
  replacement: {
    type: 'STRING',
    importance: 'HIGH',
    documentation: 'Replacement string; $1 and so on stand for groups.',
  },
})

const CACHED_TOPICS = 1000

/** Changes the topic of records whose topic fits a regular expression. */
export class RegexRouter implements Transformation {
  #whole = /$^/
  #first = /$^/
  #replacement = ''
  readonly #topics = new Map<string, string>()

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    const config = definition.parse(props)
    this.#whole = javaFullMatch(config.regex)
    this.#first = javaRegex(config.regex)
    this.#replacement = config.replacement
  }

  apply(record: ConnectRecord): ConnectRecord {
    const topic = this.#topics.get(record.topic) ?? this.#route(record.topic)
    return topic === record.topic ? record : { ...record, topic }
  }

  #route(topic: string): string {
    const routed = this.#whole.test(topic)
      ? topic.replace(this.#first, (...match) => expanded(this.#replacement, match))
      : topic
    if (this.#topics.size >= CACHED_TOPICS) this.#topics.clear()
    this.#topics.set(topic, routed)
    return routed
  }
}

/** java.util.regex.Matcher#appendReplacement: `$n` (as many digits as make a group), `${name}`, and a backslash before what is meant as it is. */
function expanded(replacement: string, match: readonly unknown[]): string {
  const groups = match.slice(
    0,
    match.findIndex((part) => typeof part === 'number'),
  )
  const last = match.at(-1)
  const named = typeof last === 'object' && last !== null ? (last as Readonly<Record<string, string>>) : {}
  return replacement.replace(
    /\\([\s\S])|\$\{(\w+)\}|\$(\d+)|\$/g,
    (_, literal?: string, name?: string, digits?: string) => {
      if (literal !== undefined) return literal
      if (name !== undefined) return named[name] ?? ''
      if (digits === undefined) throw new DataError('Illegal group reference: group index is missing')
      let taken = digits
      while (taken.length > 1 && Number(taken) >= groups.length) taken = taken.slice(0, -1)
      if (Number(taken) >= groups.length) throw new DataError(`No group ${taken}`)
      return String(groups[Number(taken)] ?? '') + digits.slice(taken.length)
    },
  )
}
