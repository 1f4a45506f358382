import { errorCode } from '../../api/errors.ts'
import type { GivenProps } from '../../herder/connector-configs.ts'
import type { Herder } from '../../herder/herder.ts'
import { HttpError } from '../error-response.ts'
import { configJsonOf, createRequestOf, propsOf } from '../request-body.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

/** /connectors, one connector and its configuration. */
export const connectorRoutes: readonly Route[] = [
  {
    verb: 'get',
    path: '/connectors',
    summary: 'Names of all connectors; with expand, a map by name',
    query: { expand: '`status`, `info`, or both (repeated)' },
    answers: { 200: 'ConnectorList' },
    handle: list,
  },
  {
    verb: 'post',
    path: '/connectors',
    summary: 'Create a connector',
    body: 'CreateConnector',
    answers: { 201: 'ConnectorInfo', 400: 'Error', 409: 'Error' },
    handle: create,
  },
  {
    verb: 'get',
    path: '/connectors/:connector',
    summary: 'A connector with its configuration and tasks',
    answers: { 200: 'ConnectorInfo', 404: 'Error' },
    handle: ({ herder, param }) => ok(herder.configs.info(param('connector'))),
  },
  {
    verb: 'delete',
    path: '/connectors/:connector',
    summary: 'Delete a connector: stops it, and removes its configuration',
    answers: { 204: null, 404: 'Error' },
    handle: async ({ herder, param, signal }) => {
      await herder.configs.delete(param('connector'), signal)
      return { status: 204 }
    },
  },
  {
    verb: 'get',
    path: '/connectors/:connector/config',
    summary: 'The configuration as stored; placeholders are not resolved',
    answers: { 200: 'Config', 404: 'Error' },
    handle: ({ herder, param }) => ok(herder.configs.config(param('connector'))),
  },
  {
    verb: 'put',
    path: '/connectors/:connector/config',
    summary: 'Create a connector, or replace its configuration',
    body: 'Config',
    answers: { 200: 'ConnectorInfo', 201: 'ConnectorInfo', 400: 'Error' },
    handle: putConfig,
  },
  {
    verb: 'patch',
    path: '/connectors/:connector/config',
    summary: 'Change some keys of the configuration; null removes a key',
    body: 'ConfigPatch',
    answers: { 200: 'ConnectorInfo', 400: 'Error', 404: 'Error' },
    handle: async ({ herder, param, body, signal }) =>
      ok(await herder.configs.patch(param('connector'), propsOf(configJsonOf(body)), signal)),
  },
]

function created(herder: Herder, name: string, body: unknown): Answer {
  const Location = `${herder.parts.url}connectors/${encodeURIComponent(name)}`
  return { status: 201, body, headers: { Location } }
}

function list({ herder, request }: Call): Answer {
  const names = herder.configs.names()
  if (request.query['expand'] === undefined) return ok(names)
  const expand = [request.query['expand']].flat()
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
  const { name, config, target } = createRequestOf(configJsonOf(body))
  const info = await herder.configs.create(name, named(name, config), target, signal)
  return created(herder, name, info)
}

async function putConfig({ herder, param, body, signal }: Call): Promise<Answer> {
  const name = param('connector')
  const { created: isNew, info } = await herder.configs.put(name, named(name, propsOf(configJsonOf(body))), signal)
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
