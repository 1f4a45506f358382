import { errorCode } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { HttpError } from '../error-response.ts'
import { jsonOf, propsOf } from '../request-body.ts'
import type { Answer, Call, Routing } from '../routing.ts'

/** /connector-plugins */
export function connectorPluginRoutes(routing: Routing): void {
  routing.path('/connector-plugins', { get: list })
  routing.path('/connector-plugins/:plugin/config', {
    get: ({ herder, param }) => ({ status: 200, body: herder.validation.definition(param('plugin')) }),
  })
  routing.path('/connector-plugins/:plugin/config/validate', { put: validate })
}

function list({ herder, request }: Call): Answer {
  const all = herder.parts.plugins.list()
  const connectorsOnly = request.query['connectorsOnly'] !== 'false'
  const shown = connectorsOnly ? all.filter(({ type }) => type === 'sink' || type === 'source') : all
  return {
    status: 200,
    body: shown.map(({ class: className, type, version }) => ({
      class: className,
      type,
      ...(version === 'undefined' || version === '' ? {} : { version }),
    })),
  }
}

async function validate({ herder, param, body }: Call): Promise<Answer> {
  const props = propsOf(jsonOf(body)) as Props
  const requested = param('plugin')
  const included = props['connector.class']
  if (included !== undefined && !withoutSuffix(included).endsWith(withoutSuffix(requested)))
    throw new HttpError(400, `Included connector type ${included} does not match request type ${requested}`)
  try {
    return { status: 200, body: await herder.validation.validate(props) }
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
