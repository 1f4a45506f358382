import { NotFoundError, errorCode } from '../../api/errors.ts'
import type { GivenProps } from '../../herder/connector-configs.ts'
import type { Herder } from '../../herder/herder.ts'
import { HttpError } from '../error-response.ts'
import { createRequestOf, flag, jsonOf, offsetsOf, propsOf } from '../request-body.ts'
import type { Answer, Call, Routing } from '../routing.ts'

/** /connectors and what is below one connector, except its tasks. */
export function connectorRoutes(routing: Routing): void {
  routing.path('/connectors', { get: list, post: create })
  routing.path('/connectors/:connector', {
    get: ({ herder, param }) => ok(herder.configs.info(param('connector'))),
    delete: async ({ herder, param, signal }) => {
      await herder.configs.delete(param('connector'), signal)
      return { status: 204 }
    },
  })
  routing.path('/connectors/:connector/config', {
    get: ({ herder, param }) => ok(herder.configs.config(param('connector'))),
    put: putConfig,
    patch: async ({ herder, param, body, signal }) =>
      ok(await herder.configs.patch(param('connector'), propsOf(jsonOf(body)), signal)),
  })
  routing.path('/connectors/:connector/status', {
    get: ({ herder, param }) => ok(herder.statuses.status(param('connector'))),
  })
  routing.path('/connectors/:connector/restart', { post: restart })
  routing.path('/connectors/:connector/pause', {
    put: async ({ herder, param }) => {
      await herder.lifecycle.pause(param('connector'))
      return { status: 202 }
    },
  })
  routing.path('/connectors/:connector/resume', {
    put: async ({ herder, param }) => {
      await herder.lifecycle.resume(param('connector'))
      return { status: 202 }
    },
  })
  routing.path('/connectors/:connector/stop', {
    put: async ({ herder, param, signal }) => {
      await herder.lifecycle.stop(param('connector'), signal)
      return { status: 204 }
    },
  })
  routing.path('/connectors/:connector/topics', {
    get: ({ herder, param }) => ok(herder.statuses.activeTopics(param('connector'))),
  })
  routing.path('/connectors/:connector/topics/reset', {
    put: ({ herder, param }) => {
      herder.statuses.resetActiveTopics(param('connector'))
      return { status: 202 }
    },
  })
  routing.path('/connectors/:connector/offsets', {
    get: async ({ herder, param, signal }) => ok({ offsets: await herder.offsets.list(param('connector'), signal) }),
    patch: async ({ herder, param, body, signal }) => {
      herder.configs.config(param('connector'))
      return ok({ message: await herder.offsets.alter(param('connector'), offsetsOf(jsonOf(body)), signal) })
    },
    delete: async ({ herder, param, signal }) =>
      ok({ message: await herder.offsets.reset(param('connector'), signal) }),
  })
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function created(herder: Herder, name: string, body: unknown): Answer {
  const Location = `${herder.parts.url}connectors/${encodeURIComponent(name)}`
  return { status: 201, body, headers: { Location } }
}

function list({ herder, request }: Call): Answer {
  const expand = [request.query['expand'] ?? []].flat()
  const names = herder.configs.names()
  if (expand.length === 0) return ok(names)
  const expanded: Record<string, object> = {}
  for (const name of names) {
    const info = expandedInfo(herder, name, expand)
    if (info !== undefined) expanded[name] = info
  }
  return ok(expanded)
}

/** A connector that has no status yet, or has just gone, is left out. */
function expandedInfo(herder: Herder, name: string, expand: readonly unknown[]): object | undefined {
  const found: Record<string, unknown> = {}
  try {
    for (const what of expand) {
      if (what === 'status') found['status'] = herder.statuses.status(name)
      if (what === 'info') found['info'] = herder.configs.info(name)
    }
    return found
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND') return undefined
    throw error
  }
}

async function create({ herder, body, signal }: Call): Promise<Answer> {
  const { name, config, target } = createRequestOf(jsonOf(body))
  const info = await herder.configs.create(name, named(name, config), target, signal)
  return created(herder, name, info)
}

async function putConfig({ herder, param, body, signal }: Call): Promise<Answer> {
  const name = param('connector')
  const { created: isNew, info } = await herder.configs.put(name, named(name, propsOf(jsonOf(body))), signal)
  return isNew ? created(herder, name, info) : ok(info)
}

/** The name stands in the request's path or body and may stand in the config too, but not another one. */
function named(name: string, config: GivenProps): GivenProps {
  const included = config['name']
  if (included === undefined || included === null) return { ...config, name }
  if (included === name) return config
  throw new HttpError(
    400,
    `Connector name configuration (${included}) doesn't match connector name in the URL (${name})`,
  )
}

async function restart({ herder, request, param, signal }: Call): Promise<Answer> {
  const connector = param('connector')
  const includeTasks = flag(request.query['includeTasks'])
  const onlyFailed = flag(request.query['onlyFailed'])
  if (!includeTasks && !onlyFailed) {
    await herder.lifecycle.restartConnector(connector, signal)
    return { status: 204 }
  }
  try {
    return { status: 202, body: await herder.lifecycle.restart({ connector, includeTasks, onlyFailed }, signal) }
  } catch (error) {
    if (herder.configs.names().includes(connector) && errorCode(error) === 'NOT_FOUND')
      throw new NotFoundError(`Status for connector ${connector} not found`, { cause: error })
    throw error
  }
}
