import type { Logger } from './api/logger.ts'
import { errorCode } from './api/errors.ts'
import { sleep } from './async/abort.ts'
import { Backoff } from './async/backoff.ts'
import { internalProps, leaderTransactionalId } from './config/client-overrides.ts'
import type { WorkerConfig } from './config/worker-config.ts'
import type { KafkaClients } from './kafka/kafka-clients.ts'
import { ConfigBackingStore } from './storage/config-backing-store.ts'
import { FileLog } from './storage/file-log.ts'
import { LeaderLog } from './storage/leader-log.ts'
import type { OpenLog } from './storage/log.ts'
import { MemoryLog } from './storage/memory-log.ts'
import { OffsetBackingStore } from './storage/offset-backing-store.ts'
import { StatusBackingStore } from './storage/status-backing-store.ts'
import { TopicLog } from './storage/topic-log.ts'

/** Kafka clients try on quietly; a person who waits for the worker should know why. */
const WARN_AFTER_MS = 5_000

export interface Stores {
  readonly configs: ConfigBackingStore
  readonly offsets: OffsetBackingStore
  readonly statuses: StatusBackingStore
}

export interface StoresOptions {
  readonly config: WorkerConfig
  readonly clients: KafkaClients
  readonly logger: Logger
  readonly workerId: string
  readonly signal: AbortSignal
}

/** The three stores, opened at once, each over the log that the worker's mode has for it. */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { config, logger, workerId, signal } = options
  const logs = config.mode === 'distributed' ? topicLogs(options) : localLogs(config)
  const leader = config.exactlyOnce === 'disabled' ? undefined : leaderLog(options)
  const opening = {
    configs: ConfigBackingStore.open({ open: logs.configs, leader, logger }, signal),
    offsets: OffsetBackingStore.open({ open: logs.offsets }, signal),
    statuses: StatusBackingStore.open({ open: logs.statuses, logger, workerId }, signal),
  }
  const bootstrap = config.common['bootstrap.servers'].join(',')
  const waiting = setTimeout(
    () => logger.warn(`still waiting for Kafka at ${bootstrap}: the internal topics could not be read yet`),
    WARN_AFTER_MS,
  )
  try {
    const [configs, offsets, statuses] = await Promise.all([opening.configs, opening.offsets, opening.statuses])
    return { configs, offsets, statuses }
  } catch (error) {
    for (const store of await Promise.allSettled(Object.values(opening)))
      if (store.status === 'fulfilled') await store.value[Symbol.asyncDispose]()
    throw error
  } finally {
    clearTimeout(waiting)
  }
}

/** Its clients are of the same settings as those of the other internal topics. */
function leaderLog({ config, clients }: StoresOptions): LeaderLog {
  const props = {
    ...internalProps(config, 'configs-leader'),
    'enable.idempotence': 'true',
    'linger.ms': '0',
    'transactional.id': leaderTransactionalId(config),
  }
  return new LeaderLog({
    topic: config.distributed['config.storage.topic'],
    open: () => clients.transactionalProducer(props),
  })
}

function localLogs(config: WorkerConfig): Record<keyof Stores, OpenLog> {
  const path = config.standalone['offset.storage.file.filename']
  return {
    configs: new MemoryLog().open,
    statuses: new MemoryLog().open,
    offsets: (reader) => FileLog.open(path, reader),
  }
}

function topicLogs({ config, clients, logger }: StoresOptions): Record<keyof Stores, OpenLog> {
  const { distributed } = config
  const topic =
    (store: 'config' | 'offset' | 'status', purpose: string, partitions: number): OpenLog =>
    (reader, signal) => {
      const options = {
        topic: distributed[`${store}.storage.topic`],
        clients,
        partitions,
        singlePartition: store === 'config',
        replicationFactor: distributed[`${store}.storage.replication.factor`],
        settings: config.topicSettings(store),
        property: `${store}.storage.topic`,
        purpose,
        readCommitted: config.exactlyOnce === 'enabled' && store !== 'status',
        logger,
      }
      return patiently(() => TopicLog.open(options, reader, signal), logger, signal)
    }
  return {
    configs: topic('config', 'connector configurations', 1),
    offsets: topic('offset', 'source connector offsets', distributed['offset.storage.partitions']),
    statuses: topic('status', 'connector and task statuses', distributed['status.storage.partitions']),
  }
}

/** Kafka may come up after the worker. What a person must change is an error at once. */
async function patiently<T>(open: () => Promise<T>, logger: Logger, signal: AbortSignal | undefined): Promise<T> {
  const backoff = new Backoff({ initialMs: 250, maxMs: 5_000 })
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (errorCode(error) === 'CONFIG' || signal?.aborted === true) throw error
      logger.warn('the internal topics cannot be read yet; trying again', { error })
      await sleep(backoff.next(), signal)
    }
  }
}
