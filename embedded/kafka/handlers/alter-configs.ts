import { APIS } from 'naru/protocol'

import { checkedConfig } from '../store/config-changes.ts'
import { changeableTopic, changed, refused } from './config-resource.ts'
import { handler } from './handler.ts'

/** Replaces all that was set on a topic. */
export const alterConfigs = handler({
  api: APIS.AlterConfigs,

  handle: ({ resources, validateOnly }, call) => ({
    responses: resources.map((resource) =>
      changed(resource, () => {
        const topic = changeableTopic(resource, call)
        const own = checkedConfig(resource.configs.map(({ name, value }) => [name, value] as const))
        if (!validateOnly) call.broker.topics.setConfig(topic, own)
      }),
    ),
  }),

  failed: ({ resources }, errorCode) => ({ responses: resources.map((resource) => refused(resource, errorCode)) }),
})
