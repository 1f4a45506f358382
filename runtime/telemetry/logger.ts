import { pino } from 'pino'
import type { Logger } from '../api/logger.ts'
import { contextLogger } from './context-logger.ts'
import type { LineLevel } from './context-logger.ts'
import { LoggerLevels } from './logger-levels.ts'
import type { LogLevel } from './logger-levels.ts'
import { redacted } from './redaction.ts'
import { errorLine, stackTrace } from './stack-trace.ts'

export type { LogLevel } from './logger-levels.ts'

export interface LogDestination {
  write(text: string): unknown
}

export interface LoggerOptions {
  readonly level?: LogLevel
  /** `pretty`: one calm line for a person; `json`: one object per line for a machine. */
  readonly format?: 'pretty' | 'json'
  readonly destination?: LogDestination
}

/** The logger of a process. Levels belong to dotted logger names, which follow from contexts (logger-levels.ts). */
export interface RootLogger extends Logger {
  readonly levels: LoggerLevels
  /** A line that came from another thread. */
  line(context: string, level: LineLevel, message: string, fields?: object): void
}

export function createLogger(options: LoggerOptions = {}): RootLogger {
  const destination = options.destination ?? process.stdout
  const sink = options.format === 'json' ? jsonSink(destination) : prettySink(destination)
  const levels = new LoggerLevels(options.level ?? 'info')
  const line = (context: string, level: LineLevel, message: string, fields?: object): void => {
    if (!levels.passes(context, level)) return
    sink(level, context, message, fields === undefined ? undefined : redacted(fields))
  }
  return { ...contextLogger('', line), line, levels }
}

type Sink = (level: LineLevel, context: string, message: string, fields: Record<string, unknown> | undefined) => void

function jsonSink(destination: LogDestination): Sink {
  const out = pino(
    {
      level: 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (text: string) => void destination.write(text) },
  )
  return (level, context, message, fields) => {
    const { error, ...rest } = fields ?? {}
    out[level](
      { ...(context === '' ? {} : { context }), ...rest, ...(error === undefined ? {} : { error: errorText(error) }) },
      message,
    )
  }
}

function prettySink(destination: LogDestination): Sink {
  return (level, context, message, fields) => {
    const { error, ...rest } = fields ?? {}
    const time = new Date().toISOString().slice(11, 23)
    const extra = Object.keys(rest).length === 0 ? '' : ` ${fieldText(rest)}`
    const cause =
      error === undefined ? '' : level === 'error' ? `\n${errorText(error).trimEnd()}` : `: ${errorLine(error)}`
    destination.write(`${time} ${level.padEnd(5)} ${context === '' ? '' : `${context} `}${message}${extra}${cause}\n`)
  }
}

function errorText(error: unknown): string {
  return typeof error === 'string' ? error : stackTrace(error)
}

function fieldText(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : valueText(value)}`)
    .join(' ')
}

function valueText(value: unknown): string {
  if (value instanceof Error) return errorLine(value)
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? 'undefined'
}
