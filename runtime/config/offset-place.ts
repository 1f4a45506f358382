import type { Props } from '../api/index.ts'
import { connectionProps, sourceProducerProps } from './client-overrides.ts'
import { withPrefix } from './secrets.ts'
import type { WorkerConfig } from './worker-config.ts'

/** Where the offsets of a source connector are kept. */
export interface OffsetPlace {
  readonly topic: string
  /** Not the worker's offset topic, by name or by cluster: read before the worker's, and copied there. */
  readonly separate: boolean
}

/**
 * `offsets.storage.topic`, on the cluster that the connector's producers write to. With exactly-once support offsets are always there, since a
 * transaction cannot span clusters; without it only if the connector names a topic.
 */
export function offsetPlace(worker: WorkerConfig, connectorProps: Props): OffsetPlace {
  const ofWorker = worker.distributed['offset.storage.topic']
  const named = connectorProps['offsets.storage.topic']
  const topic = named ?? ofWorker
  const separate = (named !== undefined || worker.exactlyOnce === 'enabled') && !isSame(topic, ofWorker)
  return { topic, separate }

  function isSame(one: string, other: string): boolean {
    const servers = (props: Props): string =>
      (props['bootstrap.servers'] ?? '')
        .split(',')
        .map((each) => each.trim())
        .sort()
        .join()
    return (
      one === other && servers(sourceProducerProps(worker, connectorProps, '')) === servers(connectionProps(worker))
    )
  }
}

/** Reads a connector's own offset topic; under exactly-once support offsets count when their transaction is committed. */
export function offsetReaderProps(worker: WorkerConfig, connectorProps: Props, id: string): Props {
  return {
    ...connectionProps(worker),
    'client.id': `connector-offsets-consumer-${id}`,
    ...withPrefix(worker.props, 'consumer.'),
    ...withPrefix(connectorProps, 'consumer.override.'),
    ...(worker.exactlyOnce === 'enabled' ? { 'isolation.level': 'read_committed' } : {}),
  }
}
