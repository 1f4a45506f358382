import { NotFoundError } from '../../api/errors.ts'
import type { LogLevel } from '../../telemetry/logger.ts'
import { jsonOf, levelOf } from '../request-body.ts'
import type { Answer, Call, Routing } from '../routing.ts'

/** The part of the process's logger that can be asked and told about levels. */
export interface LoggerLevels {
  setLevel(name: string, level: LogLevel): void
  levels(): ReadonlyMap<string, LogLevel>
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  OFF: 'off',
  FATAL: 'fatal',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
  ALL: 'trace',
}

export function logLevel(name: string): LogLevel | undefined {
  return LEVELS[name.toUpperCase()]
}

/** /admin/loggers: what has a level of its own, and `root`. */
export function loggerRoutes(routing: Routing, loggers: LoggerLevels): void {
  const modified = new Map<string, number>()
  const shown = (name: string, level: LogLevel) => ({
    level: level.toUpperCase(),
    last_modified: modified.get(name) ?? null,
  })
  routing.path('/admin/loggers', {
    get: () => ({
      status: 200,
      body: Object.fromEntries(
        [...loggers.levels()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, level]) => [name, shown(name, level)]),
      ),
    }),
  })
  routing.path('/admin/loggers/:logger', {
    get: ({ param }) => {
      const name = param('logger')
      const level = loggers.levels().get(name)
      if (level === undefined) throw new NotFoundError(`Logger ${name} not found.`)
      return { status: 200, body: shown(name, level) }
    },
    put: (call) => setLevel(call, loggers, modified),
  })
}

async function setLevel(call: Call, loggers: LoggerLevels, modified: Map<string, number>): Promise<Answer> {
  const name = call.param('logger')
  const text = levelOf(jsonOf(call.body))
  const level = logLevel(text)
  if (level === undefined) throw new NotFoundError(`invalid log level '${text}'.`)
  if (call.request.query['scope'] === 'cluster') {
    await call.herder.parts.configs.putLoggerLevel(name, text)
    return { status: 204 }
  }
  if (loggers.levels().get(name) !== level) {
    loggers.setLevel(name, level)
    modified.set(name, Date.now())
  }
  return { status: 200, body: [name] }
}
