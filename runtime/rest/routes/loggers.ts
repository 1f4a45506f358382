import { NotFoundError } from '../../api/errors.ts'
import type { LogLevel, LoggerLevel, LoggerLevels } from '../../telemetry/logger-levels.ts'
import { jsonOf, levelOf } from '../request-body.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

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

/** /admin/loggers: the tree of loggers of this process. */
export function loggerRoutes(levels: LoggerLevels): readonly Route[] {
  return [
    {
      verb: 'get',
      path: '/admin/loggers',
      summary: 'Loggers of this worker with their levels',
      answers: { 200: 'LoggerLevels' },
      handle: () => ok(Object.fromEntries([...levels.all()].map(([name, level]) => [name, shown(level)]))),
    },
    {
      verb: 'get',
      path: '/admin/loggers/:logger',
      summary: 'Level of a logger',
      answers: { 200: 'LoggerLevel', 404: 'Error' },
      handle: ({ param }) => {
        const level = levels.get(param('logger'))
        if (level === undefined) throw new NotFoundError(`Logger ${param('logger')} not found.`)
        return ok(shown(level))
      },
    },
    {
      verb: 'put',
      path: '/admin/loggers/:logger',
      summary: 'Set the level of a logger and of those below it, until the worker ends',
      query: { scope: '`worker` (default): this one; `cluster`: all workers' },
      body: 'LevelChange',
      answers: { 200: 'LoggerNames', 204: null, 400: 'Error', 404: 'Error' },
      handle: (call) => setLevel(call, levels),
    },
  ]
}

function shown({ level, lastModified }: LoggerLevel): object {
  return { level: level.toUpperCase(), last_modified: lastModified }
}

async function setLevel({ herder, request, param, body }: Call, levels: LoggerLevels): Promise<Answer> {
  const name = param('logger')
  const text = levelOf(jsonOf(body))
  const level = logLevel(text)
  if (level === undefined) throw new NotFoundError(`invalid log level '${text}'.`)
  const scope = String(request.query['scope'] ?? 'worker').toLowerCase()
  if (scope === 'cluster') {
    await herder.parts.configs.putLoggerLevel(name, text.toUpperCase())
    return { status: 204 }
  }
  if (scope !== 'worker')
    herder.parts.logger.warn(`the scope ${scope} of a logger level is neither worker nor cluster; taken for worker`)
  return ok(levels.set(name, level))
}
