import { javaFullMatch } from '../api/index.ts'
import type { SinkConnectorClass } from '../api/index.ts'
import { sinkConsumerProps } from '../config/client-overrides.ts'
import { parseSinkConfig } from '../config/connector-config.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { AssembledTask } from './assembled-task.ts'
import { CONSUMED_RECORDS } from './dead-letter-queue.ts'
import { ErrantRecords } from './errant-record-reporter.ts'
import { openDeadLetters } from './open-dead-letters.ts'
import type { RunnableTask } from './runnable-task.ts'
import { SinkPipeline } from './sink-pipeline.ts'
import { SinkTaskRunner } from './sink-task-runner.ts'
import { SinkTaskMetrics } from './task-metrics.ts'
import { CommonParts } from './task-parts.ts'
import type { TaskParts } from './task-parts.ts'

/** Creates the dead letter topic if one is configured; nothing else is opened yet. */
export async function assembleSinkTask(
  parts: TaskParts,
  connectorClass: SinkConnectorClass,
  stop: AbortSignal,
): Promise<RunnableTask> {
  const { connector, connectorProps, worker, logger } = parts
  await using opening = new AsyncDisposableStack()
  const config = parseSinkConfig(connectorProps)
  const common = new CommonParts(parts)
  opening.use(common.chain)
  const deadLetters = await openDeadLetters(
    { parts, common, settings: config, contents: CONSUMED_RECORDS, opening },
    stop,
  )
  const tolerance = common.tolerance(config, deadLetters)
  const metrics = new SinkTaskMetrics(common.labels, common.errors, worker.common)
  const consumerProps = sinkConsumerProps(worker, connectorProps, common.id)
  const consumer = opening.use(new KafkaClients({ props: consumerProps, logger })).consumer(consumerProps)
  opening.use(consumer)
  // This task runs here now: what is left of it on a worker that died or froze must neither commit nor be waited for.
  if (consumerProps['client.id'] === `connector-consumer-${common.id}`) await consumer.takeOver(stop)
  const task = new connectorClass.task()
  const reportsErrors = deadLetters !== undefined || config['errors.log.enable']
  const runner = new SinkTaskRunner({
    connector,
    taskNumber: parts.task,
    task,
    props: parts.taskProps,
    configs: parts.configs,
    topics: config.topics.length > 0 ? config.topics : javaFullMatch(config['topics.regex']),
    consumer,
    pipeline: new SinkPipeline({
      chain: common.chain,
      converter: common.converter,
      topics: common.topics,
      tolerance,
    }),
    tolerance,
    errantRecords: reportsErrors ? new ErrantRecords(tolerance) : undefined,
    metrics,
    progress: parts.progress,
    news: parts.news,
    logger,
    commitIntervalMs: worker.common['offset.flush.interval.ms'],
    commitTimeoutMs: worker.common['offset.flush.timeout.ms'],
  })
  return new AssembledTask({
    runner,
    opened: opening.move(),
    topics: common.topics,
    samples: (now) => [...metrics.samples(now), ...metrics.ofTask(task)],
  })
}
