import type { Logger } from '../../runtime/api/index.ts'

/** Log lines by level, for tests that look at them. */
export class LogLines implements Logger {
  readonly lines: string[] = []
  debug(): void {}
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
