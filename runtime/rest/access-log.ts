import type { NextFunction, Request, Response } from 'express'
import type { Logger } from '../api/logger.ts'

/** A line per request in the extended format of NCSA, with the time that it took in ms at its end; at the level DEBUG. */
export function accessLog(logger: Logger) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = Date.now()
    response.once('finish', () => {
      const { method, originalUrl, httpVersion, headers } = request
      const bytes = response.getHeader('Content-Length') ?? '-'
      logger.debug(
        `${request.socket.remoteAddress ?? '-'} - - [${new Date(startedAt).toISOString()}] "${method} ${originalUrl} HTTP/${httpVersion}" ` +
          `${response.statusCode} ${String(bytes)} "${headers.referer ?? '-'}" "${headers['user-agent'] ?? '-'}" ${Date.now() - startedAt}`,
      )
    })
    next()
  }
}
