import { ErrorCode } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import type { Topic } from '../store/topics.ts'
import type { Call } from './handler.ts'

/** Kinds of things that have a configuration, as numbered in the config APIs. */
export const ResourceType = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, GROUP: 32 } as const

export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

export interface ResourceAnswer extends ConfigResource {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export function configuredTopic({ resourceName }: ConfigResource, call: Call): Topic {
  const topic = call.broker.topics.get(resourceName)
  if (topic !== undefined) return topic
  throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${resourceName}' does not exist.`)
}

/** Only topics can be changed; the broker's own properties are given at its start. */
export function changeableTopic(resource: ConfigResource, call: Call): Topic {
  if (resource.resourceType === ResourceType.TOPIC) return configuredTopic(resource, call)
  const message = `Configurations of resource type ${resource.resourceType} cannot be changed on this broker.`
  throw new ProtocolError(ErrorCode.INVALID_REQUEST, message)
}

/** Runs `change` and tells how it went. */
export function changed({ resourceType, resourceName }: ConfigResource, change: () => void): ResourceAnswer {
  try {
    change()
    return { resourceType, resourceName, errorCode: ErrorCode.NONE, errorMessage: null }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { resourceType, resourceName, errorCode: error.errorCode, errorMessage: error.message }
  }
}

export function refused({ resourceType, resourceName }: ConfigResource, errorCode: number): ResourceAnswer {
  return { resourceType, resourceName, errorCode, errorMessage: null }
}
