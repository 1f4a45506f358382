import type { Logger } from '../api/logger.ts'

/** What a plugin logged: `warn message`. */
export class LogLines implements Logger {
  readonly lines: string[] = []

  debug(message: string): void {
    this.lines.push(`debug ${message}`)
  }

  info(message: string): void {
    this.lines.push(`info ${message}`)
  }

  warn(message: string): void {
    this.lines.push(`warn ${message}`)
  }

  error(message: string): void {
    this.lines.push(`error ${message}`)
  }

  child(): Logger {
    return this
  }
}
