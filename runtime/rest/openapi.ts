import { schemas } from './openapi-schemas.ts'
import type { SchemaName } from './openapi-schemas.ts'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of these routes. Internal ones are in it, and marked. */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) (paths[templateOf(route.path)] ??= {})[route.verb] = operation(route)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Naru REST API',
      summary: 'The REST API of Kafka Connect, and what Naru adds to it',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas },
  }
}

/** `/connectors/:connector` -> `/connectors/{connector}` */
export function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

function operation(route: Route): object {
  const { verb, path, summary, query = {}, body, answers, internal = false } = route
  const inPath = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!)
  return {
    operationId: operationId(verb, path),
    summary,
    ...(internal ? { 'x-internal': true } : {}),
    parameters: [
      ...inPath.map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: name === 'task' ? 'integer' : 'string' },
      })),
      ...Object.entries(query).map(([name, description]) => ({
        name,
        in: 'query',
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, name]) => [status, answer(Number(status), name)])),
      default: answer(500, 'Error'),
    },
  }
}

/** `get /connectors/:connector/status` -> `getConnectorsConnectorStatus` */
function operationId(verb: string, path: string): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '')
  const named = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return `${verb}${named === '' ? 'Root' : named}`
}

function answer(status: number, name: SchemaName | null): object {
  const description = status < 300 ? 'Done' : 'Refused'
  return { description, ...(name === null ? {} : { content: json(name) }) }
}

function json(name: SchemaName): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
}
