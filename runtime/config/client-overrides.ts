import type { Props } from '../api/index.ts'
import { withPrefix } from './secrets.ts'
import type { WorkerConfig } from './worker-config.ts'
import { CLIENT_KEYS } from './worker-keys.ts'

const LONG_MAX = '9223372036854775807'
const INT_MAX = '2147483647'

/** Definitions that are settings of a Kafka client as well. */
const SHARED_KEYS = [
  'bootstrap.servers',
  'client.dns.lookup',
  'metadata.max.age.ms',
  'request.timeout.ms',
  'retry.backoff.ms',
  'retry.backoff.max.ms',
] as const

/** The connection settings of the worker's file: what every client begins with. */
export function connectionProps(worker: WorkerConfig): Props {
  const props: Record<string, string> = { 'bootstrap.servers': worker.common['bootstrap.servers'].join(',') }
  for (const [key, value] of Object.entries(worker.props)) {
    if ((SHARED_KEYS as readonly string[]).includes(key) || CLIENT_KEYS.includes(key)) props[key] = value
    else if (key.startsWith('sasl.') || (key.startsWith('ssl.') && key !== 'ssl.client.auth')) props[key] = value
  }
  return props
}

/** Base settings of every producer of records: nothing is lost or reordered, and it tries for ever. */
const PRODUCER_BASE: Props = {
  'max.block.ms': LONG_MAX,
  'enable.idempotence': 'false',
  acks: 'all',
  'max.in.flight.requests.per.connection': '1',
  'delivery.timeout.ms': INT_MAX,
}

export function sourceProducerProps(worker: WorkerConfig, connectorProps: Props, taskId: string): Props {
  return {
    ...connectionProps(worker),
    ...PRODUCER_BASE,
    'client.id': `connector-producer-${taskId}`,
    ...withPrefix(worker.props, 'producer.'),
    ...withPrefix(connectorProps, 'producer.override.'),
  }
}

/** With exactly-once support. Two settings are required: `forced` names those that somebody tried to set otherwise. */
export function transactionalProducerProps(
  worker: WorkerConfig,
  connectorProps: Props,
  taskId: string,
): { readonly props: Props; readonly forced: readonly string[] } {
  const given = { ...withPrefix(worker.props, 'producer.'), ...withPrefix(connectorProps, 'producer.override.') }
  const required: Props = {
    'enable.idempotence': 'true',
    'transactional.id': transactionalId(worker, taskId),
  }
  return {
    props: { ...sourceProducerProps(worker, connectorProps, taskId), ...required },
    forced: Object.keys(required).filter((key) => given[key] !== undefined && given[key] !== required[key]),
  }
}

/** Of a task's producer; `taskId` is `connector-task`. */
export function transactionalId(worker: WorkerConfig, taskId: string): string {
  return `${worker.groupId ?? 'connect'}-${taskId}`
}

/** Of the leader's producer for the config topic. */
export function leaderTransactionalId(worker: WorkerConfig): string {
  return `connect-cluster-${worker.groupId ?? ''}`
}

export function sinkGroupId(worker: WorkerConfig, connectorProps: Props): string {
  const { name } = connectorProps
  return connectorProps['consumer.override.group.id'] ?? worker.props['consumer.group.id'] ?? `connect-${name ?? ''}`
}

export function sinkConsumerProps(worker: WorkerConfig, connectorProps: Props, taskId: string): Props {
  const props: Props = {
    ...connectionProps(worker),
    'client.id': `connector-consumer-${taskId}`,
    'enable.auto.commit': 'false',
    'auto.offset.reset': 'earliest',
    ...withPrefix(worker.props, 'consumer.'),
    ...withPrefix(connectorProps, 'consumer.override.'),
    'group.id': sinkGroupId(worker, connectorProps),
  }
  const instance = props['group.instance.id'] ?? ''
  // one per member, or the tasks of a connector fence each other (KIP-345): the setting is of the connector, the member a task
  return instance === '' ? props : { ...props, 'group.instance.id': `${instance}-${taskNumber(taskId)}` }
}

function taskNumber(taskId: string): string {
  return taskId.slice(taskId.lastIndexOf('-') + 1)
}

export function dlqProducerProps(worker: WorkerConfig, connectorProps: Props, taskId: string): Props {
  return {
    ...connectionProps(worker),
    ...PRODUCER_BASE,
    'client.id': `connector-dlq-producer-${taskId}`,
    ...withPrefix(worker.props, 'producer.'),
    ...withPrefix(connectorProps, 'producer.override.'),
  }
}

/** `id` is the task for a task's admin client, else the connector. */
export function adminProps(
  worker: WorkerConfig,
  connectorProps: Props,
  id: string,
  purpose: 'connector' | 'dlq' = 'connector',
): Props {
  return {
    ...connectionProps(worker),
    'client.id': purpose === 'dlq' ? `connector-dlq-adminclient-${id}` : `connector-adminclient-${id}`,
    ...withPrefix(worker.props, 'admin.'),
    ...withPrefix(connectorProps, 'admin.override.'),
  }
}

/** Clients of the runtime itself: the three stores, topic creation, the worker group. Not touched by `producer.*` and `consumer.*`. */
export function internalProps(
  worker: WorkerConfig,
  purpose: 'configs' | 'offsets' | 'statuses' | 'configs-leader' | 'shared-admin',
): Props {
  const clientId = worker.common['client.id']
  return {
    ...connectionProps(worker),
    'client.id': `${worker.groupId ?? 'connect'}-${clientId === '' ? '' : `${clientId}-`}${purpose}`,
    acks: 'all',
    'max.in.flight.requests.per.connection': '1',
    'delivery.timeout.ms': INT_MAX,
    'enable.idempotence': 'false',
  }
}
