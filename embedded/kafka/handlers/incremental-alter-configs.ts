import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { changedConfig } from '../store/config-changes.ts'
import type { ConfigOperation } from '../store/config-changes.ts'
import { changeableTopic, changed, refused } from './config-resource.ts'
import { handler } from './handler.ts'

type Entry = RequestOf<typeof APIS.IncrementalAlterConfigs>['resources'][number]['configs'][number]

const KINDS = ['set', 'delete', 'append', 'subtract'] as const

export const incrementalAlterConfigs = handler({
  api: APIS.IncrementalAlterConfigs,

  handle: ({ resources, validateOnly }, call) => ({
    responses: resources.map((resource) =>
      changed(resource, () => {
        const topic = changeableTopic(resource, call)
        const own = changedConfig(topic.ownConfig, resource.configs.map(operation), call.broker.settings)
        if (!validateOnly) call.broker.topics.setConfig(topic, own)
      }),
    ),
  }),

  failed: ({ resources }, errorCode) => ({ responses: resources.map((resource) => refused(resource, errorCode)) }),
})

function operation({ name, configOperation, value }: Entry): ConfigOperation {
  const kind = KINDS[configOperation]
  if (kind === undefined) throw new ProtocolError(ErrorCode.INVALID_REQUEST, `unknown operation ${configOperation}`)
  if (kind === 'delete') return { kind, name }
  if (value === null) throw new ProtocolError(ErrorCode.INVALID_CONFIG, `Null value not supported for ${name}`)
  return { kind, name, value }
}
