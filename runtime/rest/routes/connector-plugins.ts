import { errorCode } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { HttpError } from '../error-response.ts'
import { configJsonOf, propsOf } from '../request-body.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

/** Plugins that a worker's configuration names, not a connector's: override policies and config providers. */
const OF_WORKERS =
  /(^|\.)((All|None|Principal|Allowlist)(ConnectorClientConfigOverridePolicy)?|(File|Directory|EnvVar)(ConfigProvider)?)$/

/** /connector-plugins */
export const connectorPluginRoutes: readonly Route[] = [
  {
    verb: 'get',
    path: '/connector-plugins',
    summary: 'Plugins of this worker',
    query: { connectorsOnly: '`false`: also converters, transformations and predicates; default `true`' },
    answers: { 200: 'PluginList' },
    handle: list,
  },
  {
    verb: 'get',
    path: '/connector-plugins/:plugin/config',
    summary: 'Configuration keys of a plugin',
    query: { version: 'a version or a range of versions; default: the newest' },
    answers: { 200: 'ConfigKeys', 400: 'Error', 404: 'Error' },
    handle: definition,
  },
  {
    verb: 'put',
    path: '/connector-plugins/:plugin/config/validate',
    summary: 'Check a configuration; creates nothing',
    body: 'Config',
    answers: { 200: 'ConfigInfos', 400: 'Error' },
    handle: validate,
  },
]

function list({ herder, request }: Call): Answer {
  const all = herder.parts.plugins.list()
  // Absent is true; anything given but true is false.
  const connectorsOnly = /^true$/i.test(String(request.query['connectorsOnly'] ?? 'true'))
  const shown = connectorsOnly ? all.filter(({ type }) => type === 'sink' || type === 'source') : all
  return ok(
    shown.map(({ class: className, type, version }) => ({
      class: className,
      type,
      ...(version === 'undefined' || version === '' ? {} : { version }),
    })),
  )
}

function definition({ herder, request, param }: Call): Answer {
  const version = request.query['version']
  if (OF_WORKERS.test(param('plugin')))
    throw new HttpError(
      400,
      `Invalid plugin class ${param('plugin')}. Valid types are sink, source, converter, header_converter, transformation, predicate.`,
    )
  return ok(herder.validation.definition(param('plugin'), typeof version === 'string' ? version : undefined))
}

async function validate({ herder, param, body }: Call): Promise<Answer> {
  const props = propsOf(configJsonOf(body)) as Props
  const requested = param('plugin')
  const included = props['connector.class']
  if (typeof included === 'string' && !withoutSuffix(included).endsWith(withoutSuffix(requested)))
    throw new HttpError(400, `Included connector type ${included} does not match request type ${requested}`)
  try {
    return ok(await herder.validation.validate(props))
  } catch (error) {
    // The reference answers 500 here, 400 when a connector is created.
    if (errorCode(error) === 'CONFIG') throw new HttpError(500, (error as Error).message, { cause: error })
    throw error
  }
}

/** The aliases of a class: with and without `Connector` at the end. */
function withoutSuffix(name: string): string {
  return name.trim().replace(/Connector$/, '')
}
