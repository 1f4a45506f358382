import type { Logger } from '../api/logger.ts'

export type LineLevel = 'debug' | 'info' | 'warn' | 'error'

export type WriteLine = (context: string, level: LineLevel, message: string, fields?: object) => void

/** A logger over any way of writing lines: the process's own, or a port to another thread. */
export function contextLogger(context: string, write: WriteLine): Logger {
  return {
    debug: (message, fields) => write(context, 'debug', message, fields),
    info: (message, fields) => write(context, 'info', message, fields),
    warn: (message, fields) => write(context, 'warn', message, fields),
    error: (message, fields) => write(context, 'error', message, fields),
    child: (child) => contextLogger(context === '' ? child : `${context} ${child}`, write),
  }
}

/** Says nothing. */
export const silentLogger: Logger = contextLogger('', () => undefined)
