import { ConfigError } from '../api/index.ts'
import { rule } from './key-rules.ts'

export interface HeaderRule {
  readonly action: (typeof ACTIONS)[number]
  readonly name: string
  readonly value: string
}

const KEY = 'response.http.headers.config'
/** `[action] name: value`, or that in quotes when the value holds a comma; then a comma or the end. */
const RULE = /\s*(?:"([^"]*)"|([^,"]*))\s*(?:,|$)/y
const ACTIONS = ['set', 'add', 'setDate', 'addDate'] as const

/** What `response.http.headers.config` says. Throws a ConfigError with the message of Connect's validator. */
export function parseHeaderRules(config: string): readonly HeaderRule[] {
  if (config.trim() === '') return []
  const rules: HeaderRule[] = []
  RULE.lastIndex = 0
  do {
    const match = RULE.exec(config)
    if (match === null) throw new ConfigError(KEY, `Invalid header config '${config}'.`)
    rules.push(parseRule((match[1] ?? match[2] ?? '').trim()))
  } while (RULE.lastIndex < config.length)
  return rules
}

function parseRule(text: string): HeaderRule {
  const [, given, header] = /^(\S+)\s+([^]+)$/.exec(text) ?? []
  if (given === undefined || header === undefined)
    throw new ConfigError(
      KEY,
      `Invalid format of header config '${text}'. Expected: '[action] [header name]:[header value]'`,
    )
  const action = ACTIONS.find((each) => each.toLowerCase() === given.toLowerCase())
  if (action === undefined)
    throw new ConfigError(KEY, `Invalid header config action: '${given}'. Expected one of [${ACTIONS.join(', ')}]`)
  // Nor does Connect take a value with a colon.
  const [name = '', value, ...more] = header.split(':').map((part) => part.trim())
  if (value === undefined || value === '' || more.length > 0)
    throw new ConfigError(
      KEY,
      `Invalid format of header name and header value pair '${header}'. Expected: '[header name]:[header value]'`,
    )
  if (name === '' || /\s/.test(name))
    throw new ConfigError(KEY, `Invalid header name '${name}'. The '[header name]' cannot contain whitespace`)
  if (action.endsWith('Date') && !/^-?\d+$/.test(value))
    throw ConfigError.invalid(KEY, text, 'the value of a date is a number of milliseconds')
  return { action, name, value }
}

export const headerRules = rule(
  "Comma-separated header rules, where each header rule is of the form '[action] [header name]:[header value]' and optionally surrounded by double quotes if any part of a header rule contains a comma",
  (_key, value) => {
    parseHeaderRules(value as string)
  },
)
