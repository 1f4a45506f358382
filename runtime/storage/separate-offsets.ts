import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import type { SourceOffset } from '../api/record.ts'
import { offsetPlace, offsetReaderProps } from '../config/offset-place.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { OffsetBackingStore } from './offset-backing-store.ts'
import { TopicLog } from './topic-log.ts'

/** A connector's own offset topic, created like the worker's if it does not exist; `connectorProps` with secrets resolved. */
export async function openSeparateOffsets(
  options: {
    readonly worker: WorkerConfig
    readonly connectorProps: Props
    /** Names its clients. */
    readonly id: string
    readonly logger: Logger
  },
  signal?: AbortSignal,
): Promise<OffsetBackingStore> {
  const { worker, connectorProps, id, logger } = options
  const { topic } = offsetPlace(worker, connectorProps)
  const { distributed } = worker
  const clients = new KafkaClients({ props: offsetReaderProps(worker, connectorProps, id), logger })
  const open = (reader: Parameters<typeof TopicLog.open>[1], until?: AbortSignal): Promise<TopicLog> =>
    TopicLog.open(
      {
        topic,
        clients,
        partitions: distributed['offset.storage.partitions'],
        replicationFactor: distributed['offset.storage.replication.factor'],
        settings: worker.topicSettings('offset'),
        property: 'offsets.storage.topic',
        purpose: 'source connector offsets',
        logger,
      },
      reader,
      until,
    )
  try {
    const store = await OffsetBackingStore.open({ open }, signal)
    store.closeWith(clients)
    return store
  } catch (error) {
    await clients[Symbol.asyncDispose]()
    throw error
  }
}

/** The connector's own topic counts; what it does not know may be in the worker's, from before it had a topic of its own. */
export async function readMerged(
  own: Promise<readonly (SourceOffset | undefined)[]>,
  ofWorker: Promise<readonly (SourceOffset | undefined)[]>,
): Promise<readonly (SourceOffset | undefined)[]> {
  const [first, second] = await Promise.all([own, ofWorker])
  return first.map((offset, i) => offset ?? second[i])
}
