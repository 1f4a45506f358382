import type { Logger } from '../api/index.ts'
import { contextLogger } from '../telemetry/context-logger.ts'
import type { LoggerLevels } from '../telemetry/logger-levels.ts'
import { errorLine, stackTrace } from '../telemetry/stack-trace.ts'
import type { Report } from './messages.ts'

/** A logger whose lines are written by the worker's thread. */
export function guestLogger(post: (report: Report) => void, levels: LoggerLevels): Logger {
  return contextLogger('', (context, level, message, fields) => {
    if (!levels.passes(context, level)) return
    post({ type: 'log', level, context, message, fields: fields === undefined ? undefined : cloneable(fields, level) })
  })
}

/** Errors become text here: cloning would lose their class and their causes. */
function cloneable(fields: object, level: string): object {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) {
    if (value instanceof Error) out[key] = level === 'error' ? stackTrace(value) : errorLine(value)
    else out[key] = isPrimitive(value) ? value : text(value)
  }
  return out
}

function isPrimitive(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean', 'bigint', 'undefined'].includes(typeof value)
}

function text(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? String(value)
    )
  } catch {
    return String(value) // circular
  }
}
