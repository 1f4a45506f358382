import type { Logger, Props } from '../api/index.ts'
import { abortable } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import { internalProps, sourceProducerProps } from '../config/client-overrides.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import type { DeliveryListener, Producer, ProducerRecord } from '../kafka/producer.ts'
import type { OffsetSink } from './source-offsets.ts'
import type { TaskParts } from './task-parts.ts'

/** Delivery and commits have waited as long as they may when it is closed: what is left is given up. */
export function openProducer(props: Props, logger: Logger, opened: AsyncDisposableStack): Producer {
  const producer = opened.use(new KafkaClients({ props, logger })).producer(props)
  opened.defer(() => producer.abandon())
  return producer
}

export function sinkInto(producer: Producer, topic: string): OffsetSink {
  return (records, signal) =>
    deliver(
      producer,
      records.map(({ key, value }) => ({ topic, key, value })),
      signal,
    )
}

/** Waits for these records alone, not for others that the producer has in flight. */
async function deliver(producer: Producer, records: readonly ProducerRecord[], signal: AbortSignal): Promise<void> {
  const delivered = new Deferred()
  let left = records.length
  const listener: DeliveryListener = {
    delivered: (some) => {
      left -= some.length
      if (left === 0) delivered.resolve()
    },
    failed: (_, error) => delivered.reject(error),
  }
  delivered.promise.catch(() => undefined)
  await producer.send(records, listener, signal)
  await abortable(delivered.promise, signal)
}

/** May offsets in the worker's topic travel with the producer of the records? Yes if that speaks to the same cluster, as safely. */
export function sameGuarantee({ worker, connectorProps, connector, task }: TaskParts): boolean {
  const records = sourceProducerProps(worker, connectorProps, `${connector}-${task}`)
  const internal = internalProps(worker, 'offsets')
  const security = (props: Props): string =>
    JSON.stringify(Object.entries(props).filter(([key]) => /^(sasl|ssl|security)\./.test(key)))
  return (
    records['bootstrap.servers'] === internal['bootstrap.servers'] &&
    allAck(records) &&
    security(records) === security(internal)
  )
}

export function allAck(props: Props): boolean {
  return props['acks'] === 'all' || props['acks'] === '-1'
}
