import { NotFoundError, errorCode } from '../../api/errors.ts'
import { HttpError } from '../error-response.ts'
import { configJsonOf, taskConfigsOf } from '../request-body.ts'
import { verifyInternal } from '../request-signing.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

/** /connectors/{c}/tasks and below. */
export const taskRoutes: readonly Route[] = [
  {
    verb: 'get',
    path: '/connectors/:connector/tasks',
    summary: 'Tasks of a connector with their configurations',
    answers: { 200: 'TaskConfigs', 404: 'Error' },
    handle: ({ herder, param }) => ok(herder.configs.taskConfigs(param('connector'))),
  },
  {
    verb: 'post',
    path: '/connectors/:connector/tasks',
    summary: 'Between workers: publish the task configurations that a connector made',
    internal: true,
    body: 'TaskConfigList',
    answers: { 204: null, 400: 'Error', 403: 'Error', 503: 'Error' },
    handle: putTaskConfigs,
  },
  {
    verb: 'put',
    path: '/connectors/:connector/fence',
    summary: 'Between workers: fence the producers of earlier tasks of a source connector with exactly-once support',
    internal: true,
    answers: { 204: null, 400: 'Error', 403: 'Error', 404: 'Error', 409: 'Error', 503: 'Error' },
    handle: fence,
  },
  {
    verb: 'get',
    path: '/connectors/:connector/tasks/:task/status',
    summary: 'State of a task',
    answers: { 200: 'TaskStatus', 404: 'Error' },
    handle: (call) => ok(call.herder.statuses.taskStatus(call.param('connector'), taskOf(call))),
  },
  {
    verb: 'post',
    path: '/connectors/:connector/tasks/:task/restart',
    summary: 'Restart a task',
    answers: { 204: null, 404: 'Error' },
    handle: async (call) => {
      await call.herder.lifecycle.restartTask(call.param('connector'), taskOf(call), call.signal)
      return { status: 204 }
    },
  },
]

const INT_MAX = 2 ** 31 - 1

function taskOf({ param }: Call): number {
  const task = param('task')
  if (/^\d+$/.test(task) && Number(task) <= INT_MAX) return Number(task)
  throw new NotFoundError('HTTP 404 Not Found')
}

/** From a follower whose connector made task configs. The signature is checked before anything is told about the connector. */
async function putTaskConfigs(call: Call): Promise<Answer> {
  const { herder, param, body, signal } = call
  verifyInternal(call)
  await herder.taskConfigs.put(param('connector'), taskConfigsOf(configJsonOf(body)), signal)
  return { status: 204 }
}

/** Before tasks of a new set start. 503: not now, but perhaps later. */
async function fence(call: Call): Promise<Answer> {
  const { herder, param, signal } = call
  verifyInternal(call)
  try {
    await herder.fencing.fence(param('connector'), signal)
  } catch (error) {
    if (signal.aborted || errorCode(error) === 'RETRIABLE')
      throw new HttpError(503, error instanceof Error ? error.message : String(error), { cause: error })
    throw error
  }
  return { status: 204 }
}
