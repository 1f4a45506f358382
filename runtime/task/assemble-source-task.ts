import type { CommittedOffset, Logger, Props, SourceConnectorClass } from '../api/index.ts'
import { abortable } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import { adminProps, internalProps, sourceProducerProps } from '../config/client-overrides.ts'
import { parseSourceConfig } from '../config/connector-config.ts'
import { topicCreationGroups } from '../config/topic-creation-config.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import type { DeliveryListener, Producer, ProducerRecord } from '../kafka/producer.ts'
import { AssembledTask } from './assembled-task.ts'
import { AtLeastOnceDelivery } from './at-least-once-delivery.ts'
import type { RunnableTask } from './runnable-task.ts'
import { SourceOffsets } from './source-offsets.ts'
import type { OffsetSink } from './source-offsets.ts'
import { SourcePipeline } from './source-pipeline.ts'
import { SourceTaskRunner } from './source-task-runner.ts'
import { SourceTaskMetrics } from './task-metrics.ts'
import { CommonParts } from './task-parts.ts'
import type { TaskParts } from './task-parts.ts'
import { TopicCreation } from './topic-creation.ts'

export function assembleSourceTask(parts: TaskParts, connectorClass: SourceConnectorClass): RunnableTask {
  const { connector, connectorProps, worker, logger } = parts
  const config = parseSourceConfig(connectorProps)
  const common = new CommonParts(parts)
  const tolerance = common.tolerance(config)
  const metrics = new SourceTaskMetrics(common.labels, common.errors)
  const opened = new AsyncDisposableStack()
  opened.use(common.chain)

  const producerProps = sourceProducerProps(worker, connectorProps, common.id)
  const producer = openProducer(producerProps, logger, opened)
  const offsets = new SourceOffsets({ connector, sink: offsetSink(parts, producer, opened) })
  const task = new connectorClass.task()
  const timeoutMs = worker.common['offset.flush.timeout.ms']
  const runner = new SourceTaskRunner({
    task,
    props: parts.taskProps,
    context: { connector, task: parts.task, logger, offsets: { offsets: parts.readOffsets } },
    pipeline: new SourcePipeline({
      chain: common.chain,
      converter: common.converter,
      topics: common.topics,
      tolerance,
    }),
    delivery: () =>
      new AtLeastOnceDelivery({
        ...{ producer, offsets, tolerance, metrics, timeoutMs },
        logger: logger.child('[offsets]'),
        committed: async (committed: readonly CommittedOffset[]) => await task.commit?.(committed),
        intervalMs: worker.common['offset.flush.interval.ms'],
      }),
    topics: common.topics,
    creation: topicCreation(parts, common.id, opened),
    metrics,
    news: parts.news,
    logger,
    drainMs: timeoutMs,
  })
  return new AssembledTask({
    runner,
    opened,
    topics: common.topics,
    samples: (now) => [...metrics.samples(now), ...metrics.ofTask(task)],
  })
}

/** Active when the worker allows it and the connector configures it (KIP-158). */
function topicCreation(parts: TaskParts, id: string, opened: AsyncDisposableStack): TopicCreation | undefined {
  const { connectorProps, worker, logger } = parts
  const groups = worker.common['topic.creation.enable'] ? topicCreationGroups(connectorProps) : undefined
  if (groups === undefined) return undefined
  let clients: KafkaClients | undefined
  return new TopicCreation({
    groups,
    logger,
    admin: () => {
      clients ??= opened.use(new KafkaClients({ props: adminProps(worker, connectorProps, id), logger }))
      return clients.admin()
    },
  })
}

function offsetSink(parts: TaskParts, shared: Producer, opened: AsyncDisposableStack): OffsetSink {
  const { writeOffsets, worker, connectorProps, logger } = parts
  if (writeOffsets !== undefined) return (records) => writeOffsets(records)
  const topic = connectorProps['offsets.storage.topic'] ?? worker.distributed['offset.storage.topic']
  const producer = sameGuarantee(parts) ? shared : ownProducer()
  return (records, signal) =>
    deliver(
      producer,
      records.map(({ key, value }) => ({ topic, key, value })),
      signal,
    )

  function ownProducer(): Producer {
    const props = internalProps(worker, 'offsets')
    return openProducer(props, logger, opened)
  }
}

/** Delivery and commits have waited as long as they may when it is closed: what is left is given up. */
function openProducer(props: Props, logger: Logger, opened: AsyncDisposableStack): Producer {
  const producer = opened.use(new KafkaClients({ props, logger })).producer(props)
  opened.defer(() => producer.abandon())
  return producer
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

/** May offsets travel with the producer of the records? Yes if that speaks to the same cluster, as safely. */
function sameGuarantee({ worker, connectorProps, connector, task }: TaskParts): boolean {
  const records = sourceProducerProps(worker, connectorProps, `${connector}-${task}`)
  const internal = internalProps(worker, 'offsets')
  const security = (props: Readonly<Record<string, string>>): string =>
    JSON.stringify(Object.entries(props).filter(([key]) => /^(sasl|ssl|security)\./.test(key)))
  return (
    records['bootstrap.servers'] === internal['bootstrap.servers'] &&
    (records['acks'] === 'all' || records['acks'] === '-1') &&
    security(records) === security(internal)
  )
}
