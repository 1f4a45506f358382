import { NotFoundError } from '../../api/errors.ts'
import { jsonOf, taskConfigsOf } from '../request-body.ts'
import { verifySignature } from '../request-signing.ts'
import type { Call, Routing } from '../routing.ts'

/** /connectors/{c}/tasks and below. */
export function taskRoutes(routing: Routing): void {
  routing.path(
    '/connectors/:connector/tasks',
    {
      get: ({ herder, param }) => ({ status: 200, body: herder.configs.taskConfigs(param('connector')) }),
      post: putTaskConfigs,
    },
    { internal: true },
  )
  routing.path('/connectors/:connector/tasks/:task/status', {
    get: (call) => ({ status: 200, body: call.herder.statuses.taskStatus(call.param('connector'), taskOf(call)) }),
  })
  routing.path('/connectors/:connector/tasks/:task/restart', {
    post: async (call) => {
      await call.herder.lifecycle.restartTask(call.param('connector'), taskOf(call), call.signal)
      return { status: 204 }
    },
  })
}

function taskOf({ param }: Call): number {
  const task = param('task')
  if (/^\d+$/.test(task)) return Number(task)
  throw new NotFoundError('HTTP 404 Not Found')
}

/** From a follower whose connector made task configs. The signature is checked before anything is told about the connector. */
async function putTaskConfigs({ herder, request, param, body, signal }: Call): Promise<{ status: number }> {
  const { config, configs } = herder.parts
  if (config.mode === 'distributed' && config.protocol === 'sessioned')
    verifySignature({
      headers: request.headers,
      body,
      key: configs.state.sessionKey,
      accepted: config.distributed['inter.worker.verification.algorithms'],
    })
  await herder.taskConfigs.put(param('connector'), taskConfigsOf(jsonOf(body)), signal)
  return { status: 204 }
}
