import type { NextFunction, Request, Response } from 'express'
import { parseHeaderRules } from '../config/header-rules.ts'

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
