import { NotFoundError, errorCode } from '../../api/errors.ts'
import { flag } from '../request-body.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

/** State and what changes it: /connectors/{c}/status, pause, resume, stop, restart, topics. */
export const lifecycleRoutes: readonly Route[] = [
  {
    verb: 'get',
    path: '/connectors/:connector/status',
    summary: 'States of a connector and its tasks',
    answers: { 200: 'ConnectorStatus', 404: 'Error' },
    handle: ({ herder, param }) => ok(herder.statuses.status(param('connector'))),
  },
  {
    verb: 'post',
    path: '/connectors/:connector/restart',
    summary: 'Restart a connector, its tasks, or what failed of them',
    query: {
      includeTasks: '`true`: its tasks too',
      onlyFailed: '`true`: only what has failed',
    },
    answers: { 202: 'ConnectorStatus', 204: null, 404: 'Error' },
    handle: restart,
  },
  {
    verb: 'put',
    path: '/connectors/:connector/pause',
    summary: 'Pause a connector and its tasks',
    answers: { 202: null, 404: 'Error' },
    handle: async ({ herder, param }) => {
      await herder.lifecycle.pause(param('connector'))
      return { status: 202 }
    },
  },
  {
    verb: 'put',
    path: '/connectors/:connector/resume',
    summary: 'Resume a paused or stopped connector',
    answers: { 202: null, 404: 'Error' },
    handle: async ({ herder, param }) => {
      await herder.lifecycle.resume(param('connector'))
      return { status: 202 }
    },
  },
  {
    verb: 'put',
    path: '/connectors/:connector/stop',
    summary: 'Stop a connector and remove its tasks; its offsets can be changed then',
    answers: { 204: null, 404: 'Error' },
    handle: async ({ herder, param, signal }) => {
      await herder.lifecycle.stop(param('connector'), signal)
      return { status: 204 }
    },
  },
  {
    verb: 'get',
    path: '/connectors/:connector/topics',
    summary: 'Topics that the connector has used',
    answers: { 200: 'ActiveTopics', 403: 'Error' },
    handle: ({ herder, param }) => ok(herder.statuses.activeTopics(param('connector'))),
  },
  {
    verb: 'put',
    path: '/connectors/:connector/topics/reset',
    summary: 'Forget the topics that the connector has used',
    answers: { 202: null, 403: 'Error' },
    handle: ({ herder, param }) => {
      herder.statuses.resetActiveTopics(param('connector'))
      return { status: 202 }
    },
  },
]

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
    if (herder.configs.has(connector) && errorCode(error) === 'NOT_FOUND')
      throw new NotFoundError(`Status for connector ${connector} not found`, { cause: error })
    throw error
  }
}
