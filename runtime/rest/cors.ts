import type { NextFunction, Request, Response } from 'express'

const DEFAULT_METHODS = 'HEAD,GET,POST'
const PREFLIGHT_MAX_AGE_S = '60'

/**
 * Lets pages of other origins read answers (`access.control.allow.origin`, a list with `*` as wildcard). Preflight requests are told what is
 * allowed and then served like any OPTIONS.
 */
export function cors(allowedOrigins: string, methods: string) {
  const patterns = allowedOrigins
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => new RegExp(`^${each.split('*').map(RegExp.escape).join('.*')}$`))
  return (request: Request, response: Response, next: NextFunction): void => {
    const { origin } = request.headers
    response.vary('Origin')
    if (origin !== undefined && patterns.some((pattern) => pattern.test(origin))) {
      response.setHeader('Access-Control-Allow-Origin', origin)
      if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
        response.setHeader('Access-Control-Allow-Methods', methods.trim() === '' ? DEFAULT_METHODS : methods.trim())
        response.setHeader('Access-Control-Allow-Headers', 'Content-Type')
        response.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE_S)
      }
    }
    next()
  }
}
