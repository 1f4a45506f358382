import { jsonOf, offsetsOf } from '../request-body.ts'
import { ok } from '../route.ts'
import type { Route } from '../route.ts'

const PATH = '/connectors/:connector/offsets'

/** /connectors/{c}/offsets */
export const offsetRoutes: readonly Route[] = [
  {
    verb: 'get',
    path: PATH,
    summary: 'Where a connector is: offsets of its source, or of its consumer group',
    answers: { 200: 'ConnectorOffsets', 404: 'Error' },
    handle: async ({ herder, param, signal }) => ok({ offsets: await herder.offsets.list(param('connector'), signal) }),
  },
  {
    verb: 'patch',
    path: PATH,
    summary: 'Change offsets of a stopped connector; a null offset removes that of its partition',
    body: 'ConnectorOffsets',
    answers: { 200: 'Message', 400: 'Error', 404: 'Error' },
    handle: async ({ herder, param, body, signal }) =>
      ok({ message: await herder.offsets.alter(param('connector'), offsetsOf(jsonOf(body)), signal) }),
  },
  {
    verb: 'delete',
    path: PATH,
    summary: 'Remove all offsets of a stopped connector',
    answers: { 200: 'Message', 400: 'Error', 404: 'Error' },
    handle: async ({ herder, param, signal }) =>
      ok({ message: await herder.offsets.reset(param('connector'), signal) }),
  },
]
