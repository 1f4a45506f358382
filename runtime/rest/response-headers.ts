import type { NextFunction, Request, Response } from 'express'
import { ConfigError } from '../api/errors.ts'

interface HeaderRule {
  readonly action: (typeof ACTIONS)[number]
  readonly name: string
  readonly value: string
}

const KEY = 'response.http.headers.config'
/** `[action] name: value`, or that in quotes when the value holds a comma; then a comma or the end. */
const RULE = /\s*(?:"([^"]*)"|([^,"]*))\s*(?:,|$)/y
const ACTIONS = ['set', 'add', 'setDate', 'addDate'] as const

/** Adds headers to every answer, by `response.http.headers.config`. Dates are given as ms to add to the time of the answer. */
export function responseHeaders(config: string) {
  const rules = parseHeaderRules(config)
  return (_request: Request, response: Response, next: NextFunction): void => {
    for (const { action, name, value } of rules) {
      const shown = action.endsWith('Date') ? new Date(Date.now() + Number(value)).toUTCString() : value
      if (action.startsWith('set')) response.setHeader(name, shown)
      else response.append(name, shown)
    }
    next()
  }
}

/** Throws a ConfigError with the message of Connect's validator. */
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
