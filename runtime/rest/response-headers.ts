import type { NextFunction, Request, Response } from 'express'
import { ConfigError } from '../api/errors.ts'

interface HeaderRule {
  readonly action: 'set' | 'add' | 'setdate' | 'adddate'
  readonly name: string
  readonly value: string
}

const KEY = 'response.http.headers.config'
/** `[action] name: value`, or that in quotes when the value holds a comma; then a comma or the end. */
const RULE = /\s*(?:"([^"]*)"|([^,"]*))\s*(?:,|$)/y
const HEADER = /^(?:(set|add|setDate|addDate)\s+)?([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*)$/i

/** Adds headers to every answer, by `response.http.headers.config`. Dates are given as ms to add to the time of the answer. */
export function responseHeaders(config: string) {
  const rules = parseHeaderRules(config)
  return (_request: Request, response: Response, next: NextFunction): void => {
    for (const { action, name, value } of rules) {
      const shown = action.endsWith('date') ? new Date(Date.now() + Number(value)).toUTCString() : value
      if (action.startsWith('set')) response.setHeader(name, shown)
      else response.append(name, shown)
    }
    next()
  }
}

/** Throws a ConfigError. */
export function parseHeaderRules(config: string): readonly HeaderRule[] {
  const rules: HeaderRule[] = []
  RULE.lastIndex = 0
  while (RULE.lastIndex < config.length) {
    const match = RULE.exec(config)
    if (match === null)
      throw ConfigError.invalid(KEY, config, 'a comma-separated list of "[action] name: value" is expected')
    const text = (match[1] ?? match[2] ?? '').trim()
    if (text !== '') rules.push(parseRule(text))
  }
  return rules
}

function parseRule(text: string): HeaderRule {
  const [, action = 'set', name, value] = HEADER.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw ConfigError.invalid(KEY, text, '"[set|add|setDate|addDate] name: value" is expected')
  const lower = action.toLowerCase() as HeaderRule['action']
  if (lower.endsWith('date') && !/^-?\d+$/.test(value))
    throw ConfigError.invalid(KEY, text, 'the value of a date is a number of milliseconds')
  return { action: lower, name, value }
}
