import { adminProps, dlqProducerProps } from '../config/client-overrides.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { DeadLetterQueue } from './dead-letter-queue.ts'
import type { LetterContents } from './dead-letter-queue.ts'
import type { CommonParts, TaskParts } from './task-parts.ts'

export interface DeadLetterSettings {
  readonly 'errors.deadletterqueue.topic.name': string
  readonly 'errors.deadletterqueue.topic.replication.factor': number
  readonly 'errors.deadletterqueue.context.headers.enable': boolean
}

/** The queue that is configured, its topic made if it is missing; undefined: none is. What is opened goes to `opening`. */
export async function openDeadLetters(
  options: {
    readonly parts: TaskParts
    readonly common: CommonParts
    readonly settings: DeadLetterSettings
    readonly contents: LetterContents
    readonly opening: AsyncDisposableStack
  },
  stop: AbortSignal,
): Promise<DeadLetterQueue | undefined> {
  const { parts, common, settings, contents, opening } = options
  const { connector, task, connectorProps, worker, logger } = parts
  const topic = settings['errors.deadletterqueue.topic.name'].trim()
  if (topic === '') return undefined
  const props = dlqProducerProps(worker, connectorProps, common.id)
  const producer = opening.use(new KafkaClients({ props, logger })).producer(props)
  opening.defer(() => producer.abandon())
  await using admins = new KafkaClients({ props: adminProps(worker, connectorProps, common.id, 'dlq'), logger })
  return await DeadLetterQueue.open(
    {
      ...{ topic, connector, task, producer, contents },
      contextHeaders: settings['errors.deadletterqueue.context.headers.enable'],
      replicationFactor: settings['errors.deadletterqueue.topic.replication.factor'],
      admin: admins.admin(),
      metrics: common.errors,
    },
    stop,
  )
}
