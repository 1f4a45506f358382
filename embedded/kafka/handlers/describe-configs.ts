import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { ConfigSource, describeBrokerConfig, describeTopicConfig } from '../store/config-changes.ts'
import type { ConfigEntry } from '../store/config-changes.ts'
import { configuredTopic, refused, ResourceType } from './config-resource.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.DescribeConfigs>
type Resource = Request['resources'][number]
type Answer = ResponseInputOf<typeof APIS.DescribeConfigs>['results'][number]

export const describeConfigs = handler({
  api: APIS.DescribeConfigs,

  handle: (request, call) => ({
    results: request.resources.map((resource): Answer => {
      const { resourceType, resourceName, configurationKeys } = resource
      try {
        const entries = entriesOf(resource, call).filter(({ name }) => configurationKeys?.includes(name) ?? true)
        const configs = entries.map((entry) => described(entry, request))
        return { resourceType, resourceName, errorCode: ErrorCode.NONE, errorMessage: null, configs }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        return { resourceType, resourceName, errorCode: error.errorCode, errorMessage: error.message, configs: [] }
      }
    }),
  }),

  failed: ({ resources }, errorCode) => ({
    results: resources.map((resource) => ({ ...refused(resource, errorCode), configs: [] })),
  }),
})

function entriesOf(resource: Resource, call: Call): readonly ConfigEntry[] {
  const { node } = call
  const { settings } = call.broker
  switch (resource.resourceType) {
    case ResourceType.TOPIC:
      return describeTopicConfig(configuredTopic(resource, call).ownConfig, settings)
    case ResourceType.BROKER:
      if (resource.resourceName === '' || resource.resourceName === String(node.nodeId)) {
        return describeBrokerConfig(settings)
      }
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${node.nodeId}.`)
    case ResourceType.GROUP:
    case ResourceType.BROKER_LOGGER:
      return []
    default:
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${resource.resourceType}`)
  }
}

function described(entry: ConfigEntry, request: Request): Answer['configs'][number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    isDefault: entry.source === ConfigSource.DEFAULT,
    configSource: entry.source,
    isSensitive: false,
    synonyms: request.includeSynonyms ? entry.synonyms : [],
    configType: entry.type,
    documentation: request.includeDocumentation ? entry.doc : null,
  }
}
