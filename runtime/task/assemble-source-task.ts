import type { SourceConnectorClass } from '../api/index.ts'
import { adminProps } from '../config/client-overrides.ts'
import { parseSourceConfig } from '../config/connector-config.ts'
import { topicCreationGroups } from '../config/topic-creation-config.ts'
import { sourceDeadLetterDef } from '../config/recovery-keys.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { atLeastOnce } from './assemble-at-least-once.ts'
import { exactlyOnce } from './assemble-exactly-once.ts'
import { AssembledTask } from './assembled-task.ts'
import { FailedSourceRecords } from './failed-source-records.ts'
import { openDeadLetters } from './open-dead-letters.ts'
import { buildConverters } from './record-converter.ts'
import type { RunnableTask } from './runnable-task.ts'
import { SourcePipeline } from './source-pipeline.ts'
import { SourceTaskRunner } from './source-task-runner.ts'
import { SourceTaskMetrics } from './task-metrics.ts'
import { CommonParts } from './task-parts.ts'
import type { TaskParts } from './task-parts.ts'
import { TopicCreation } from './topic-creation.ts'

/** Creates the dead letter topic if one is configured; nothing else is opened yet. */
export async function assembleSourceTask(
  parts: TaskParts,
  connectorClass: SourceConnectorClass,
  stop: AbortSignal,
): Promise<RunnableTask> {
  const { connector, connectorProps, worker, logger } = parts
  const config = parseSourceConfig(connectorProps)
  const common = new CommonParts(parts)
  await using opening = new AsyncDisposableStack()
  const deadLetters = await openDeadLetters(
    {
      ...{ parts, common, opening },
      settings: sourceDeadLetterDef.parse(connectorProps),
      contents: new FailedSourceRecords(buildConverters(connectorProps, worker, parts.plugins)),
    },
    stop,
  )
  const tolerance = common.tolerance(config, deadLetters)
  const metrics = new SourceTaskMetrics(common.labels, common.errors, worker.common)
  const opened = opening.move()
  opened.use(common.chain)

  const task = new connectorClass.task()
  const given = { parts, id: common.id, config, connectorClass, task, tolerance, metrics, opened }
  const guarantee = worker.exactlyOnce === 'enabled' ? exactlyOnce(given) : atLeastOnce(given)
  const runner = new SourceTaskRunner({
    task,
    props: parts.taskProps,
    context: {
      connector,
      task: parts.task,
      logger,
      configs: parts.configs,
      offsets: { offsets: (partitions) => guarantee.readOffsets(partitions) },
      transactionContext: guarantee.transactionContext,
    },
    pipeline: new SourcePipeline({
      chain: common.chain,
      converter: common.converter,
      topics: common.topics,
      tolerance,
    }),
    guarantee,
    topics: common.topics,
    creation: topicCreation(parts, common.id, opened),
    metrics,
    progress: parts.progress,
    news: parts.news,
    logger,
    drainMs: worker.common['offset.flush.timeout.ms'],
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
