import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, ConnectError, DataError, errorCode, RetriableError } from 'naru/api'
import type { Logger, Offsets, Props, SinkRecord, SinkTask, SinkTaskContext, TopicPartition } from 'naru/api'
import { parseS3SinkConfig } from './config/s3-sink-config.ts'
import type { S3SinkConfig } from './config/s3-sink-config.ts'
import { whereOf } from './partitioning/record-field.ts'
import { LostUploadError, Retrying } from './store/retrying.ts'
import { openS3ObjectStore } from './store/open-s3-object-store.ts'
import type { S3ObjectStore } from './store/s3-object-store.ts'
import { Slots } from './store/slots.ts'
import { failureText } from './store/store-errors.ts'
import { BlockPool } from './writing/block-pool.ts'
import { MemoryBudget } from './writing/memory-budget.ts'
import { PartitionWriter } from './writing/partition-writer.ts'
import { relieveMemory } from './writing/relieve-memory.ts'
import { ObjectExistsError, OtherRecordsError } from './writing/stored-objects.ts'
import type { StoredObject } from './writing/stored-objects.ts'
import type { UploadEnvironment } from './writing/upload-environment.ts'

/** Longest that one put() waits for memory before the runtime is asked to come again: it has a group to keep. */
const MAX_ROOM_WAIT_MS = 20_000
/** Longest that preCommit() waits for uploads under way. */
const SETTLE_WAIT_MS = 5000

interface Running {
  readonly config: S3SinkConfig
  readonly context: SinkTaskContext
  readonly store: S3ObjectStore
  readonly environment: UploadEnvironment
  readonly spillDir: { path: string | undefined }
  readonly writers: Map<string, Map<number, PartitionWriter>>
}

/**
 * put() only sorts records into the open objects of their partitions; compression and uploads run behind it, bounded by the memory
 * budget: beyond it put() waits, then asks for the same batch again. Offsets are committed for uploaded objects only.
 */
export class S3SinkTask implements SinkTask {
  static readonly className = 'io.confluent.connect.s3.S3SinkTask'
  /** `topic-partition` of those that begin again: the rest of the batch at hand is not for them. */
  readonly #rewound = new Set<string>()
  #running: Running | undefined
  #warned = false

  async start(props: Props, context: SinkTaskContext): Promise<void> {
    const config = parseS3SinkConfig(props)
    const store = await openS3ObjectStore(config.store)
    await checkStore(store, config, context.logger)
    if (config.uselessCondition)
      context.logger.warn(
        'enable.conditional.writes=true has no effect: it needs rotate.schedule.interval.ms, and neither store.kafka.keys nor store.kafka.headers',
      )
    const spillDir: Running['spillDir'] = { path: undefined }
    let spilled = 0
    const environment: UploadEnvironment = {
      store,
      retrying: new Retrying(config.retry, context.logger),
      slots: new Slots(config.store.concurrency),
      memory: new MemoryBudget(config.memoryBytes),
      blocks: new BlockPool(),
      conditionalWrites: config.store.conditionalWrites,
      partBytes: config.partBytes,
      gzipLevel: config.gzipLevel,
      async spillFile() {
        spillDir.path ??= await mkdtemp(join(tmpdir(), 'naru-s3-sink-'))
        return join(spillDir.path, String(spilled++))
      },
    }
    this.#running = { config, context, store, environment, spillDir, writers: new Map() }
  }

  open(partitions: readonly TopicPartition[]): Promise<void> {
    const running = this.#state()
    for (const partition of partitions) openWriter(running, partition)
    return Promise.resolve()
  }

  async put(records: readonly SinkRecord[], signal: AbortSignal): Promise<void> {
    const running = this.#state()
    await this.#recover(running)
    if (records.length > 0) await this.#room(running, signal)
    const nowMs = Date.now()
    const writers = allWriters(running)
    for (const writer of writers) writer.tick(nowMs)
    const reports: Promise<void>[] = []
    let topic = ''
    let partition = -1
    let writer: PartitionWriter | undefined
    for (const record of records) {
      if (record.originalPartition !== partition || record.originalTopic !== topic) {
        partition = record.originalPartition
        topic = record.originalTopic
        writer = this.#rewound.has(`${topic}-${partition}`) ? undefined : writerFor(running, record)
      }
      if (writer === undefined) continue // it comes again, from the place we asked for
      const report = writeRecord(running, writer, record, nowMs)
      if (report !== undefined) reports.push(report)
    }
    await Promise.all(reports)
    this.#rewound.clear()
    for (const each of writers) {
      each.tick(nowMs)
      if (each.isComparing) each.review(nowMs, running.context.atEnd(each.of))
    }
    wakeForSchedule(running, writers, nowMs)
  }

  async preCommit(delivered: Offsets): Promise<Offsets> {
    const running = this.#state()
    if (!running.environment.retrying.trouble) await settle(allWriters(running))
    return delivered.flatMap(({ topic, partition, offset }) => {
      const committable = running.writers.get(topic)?.get(partition)?.committable
      return committable === undefined ? [] : [{ topic, partition, offset: Math.min(committable, offset) }]
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const { writers } = this.#state()
    await Promise.all(
      partitions.map(async ({ topic, partition }) => {
        const writer = writers.get(topic)?.get(partition)
        writers.get(topic)?.delete(partition)
        await writer?.discard()
      }),
    )
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (!running) return
    this.#running = undefined
    await Promise.all(allWriters(running).map((writer) => writer.discard()))
    running.store.close()
    if (running.spillDir.path !== undefined) await rm(running.spillDir.path, { recursive: true, force: true })
  }

  #warnOfFloor({ context, environment }: Running, open: number): void {
    if (this.#warned) return
    this.#warned = true
    context.logger.warn(
      `${open} open objects cost ${environment.memory.used} bytes, more than s3.buffer.memory.bytes=${environment.memory.limit}: ` +
        'set partitioner.max.open.files, a smaller flush.size, or more memory',
    )
  }

  #state(): Running {
    if (!this.#running) throw new ConnectError('the S3 sink task is not started')
    return this.#running
  }

  /** Throws what ended an upload for good. Where an upload was lost or an object was in its place, the partition begins again after what is in the store. */
  async #recover(running: Running): Promise<void> {
    for (const [topic, partitions] of running.writers)
      for (const [partition, writer] of partitions) {
        const { failure } = writer
        if (failure === undefined) continue
        const offset = writer.restartOffset
        if (!isRecoverable(failure))
          throw new ConnectError(failure instanceof Error ? failure.message : String(failure), { cause: failure })
        const goesOn =
          offset === undefined ? 'nothing was read since' : `reading ${topic}-${partition} again from offset ${offset}`
        running.context.logger.warn(`${failure.message}; ${goesOn}`)
        if (running.environment.conditionalWrites) await settle([writer]) // what its other objects became is worth knowing
        await writer.discard()
        openWriter(running, { topic, partition }, writer.stored)
        if (offset === undefined) continue
        running.context.seek([{ topic, partition, offset }])
        this.#rewound.add(`${topic}-${partition}`)
      }
  }

  /** Resolves when the budget has room. Nothing of the batch is taken before: RetriableError makes it come again, whole. */
  async #room(running: Running, signal: AbortSignal): Promise<void> {
    const { memory, retrying } = running.environment
    const deadline = Date.now() + MAX_ROOM_WAIT_MS
    while (memory.exceeded) {
      if (signal.aborted) throw new RetriableError('stopping while the buffers are full')
      if (retrying.trouble) {
        running.context.timeout(running.config.retry.roundBackoffMs)
        throw retrying.trouble
      }
      if (Date.now() > deadline)
        throw new RetriableError(`the buffers are full (${memory.used} bytes) and S3 takes them slowly`)
      // the next call decides what becomes of it
      if (allWriters(running).some((writer) => writer.failure !== undefined))
        throw new RetriableError('an upload failed')
      const open = allWriters(running).flatMap((writer) => writer.openWriters)
      const relief = await relieveMemory(memory, open)
      if (relief === 'relieved') continue
      // what waits for its turn waits for records to come
      if (allWriters(running).some((writer) => writer.isComparing)) return
      if (relief === 'wait for uploads') await memory.released(200)
      if (relief === 'floor') return this.#warnOfFloor(running, open.length)
    }
  }
}

async function checkStore(store: S3ObjectStore, config: S3SinkConfig, logger: Logger): Promise<void> {
  try {
    await store.check(AbortSignal.timeout(config.store.requestTimeoutMs))
  } catch (error) {
    if (error instanceof ConfigError) {
      store.close()
      throw error
    }
    // it may be back before the first upload, which is tried without end
    logger.warn(`cannot reach bucket ${config.store.bucket} now: ${failureText(error)}`)
  }
}

function isRecoverable(failure: unknown): failure is Error {
  return (
    failure instanceof LostUploadError || failure instanceof ObjectExistsError || failure instanceof OtherRecordsError
  )
}

/** Waits for uploads under way, not too long, and not for those that wait for records to come. */
async function settle(writers: readonly PartitionWriter[]): Promise<void> {
  const settled = Promise.all(writers.filter((writer) => !writer.isComparing).map((writer) => writer.settled()))
  const timer = new AbortController()
  await Promise.race([settled, sleep(SETTLE_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
}

function openWriter(
  { config, context, environment, writers }: Running,
  of: TopicPartition,
  stored: readonly StoredObject[] = [],
): void {
  const ofTopic = writers.get(of.topic) ?? new Map<number, PartitionWriter>()
  writers.set(of.topic, ofTopic)
  const options = {
    settings: config.writer,
    environment,
    partitioner: config.partitioner(),
    logger: context.logger,
    stored,
  }
  ofTopic.set(of.partition, new PartitionWriter({ topic: of.topic, partition: of.partition }, options))
}

function allWriters({ writers }: Running): readonly PartitionWriter[] {
  return [...writers.values()].flatMap((ofTopic) => [...ofTopic.values()])
}

function writerFor({ writers }: Running, record: SinkRecord): PartitionWriter {
  const writer =
    record.topic === record.originalTopic ? writers.get(record.topic)?.get(record.originalPartition) : undefined
  if (writer) return writer
  const why =
    record.topic === record.originalTopic
      ? ''
      : `: it was consumed from ${record.originalTopic}; a transformation must not rename topics before this sink`
  throw new ConnectError(`No writer found for topic partition ${record.topic}-${record.partition}${why}`)
}

/** A promise when the record went to the dead letter queue. */
function writeRecord(
  running: Running,
  writer: PartitionWriter,
  record: SinkRecord,
  nowMs: number,
): Promise<void> | undefined {
  const { config, context } = running
  try {
    if (record.value === null || record.value === undefined) {
      if (config.nullValues === 'fail')
        throw new ConnectError(
          `Null valued records are not writeable with current behavior.on.null.values 'fail': ${whereOf(record)}; set ignore or write`,
        )
      if (config.nullValues === 'ignore') {
        writer.skip(record)
        return config.reportNullValues
          ? context.errantRecords?.report(record, new DataError('Skipping null value record.'))
          : undefined
      }
    }
    writer.write(record, nowMs)
    return undefined
  } catch (error) {
    if (errorCode(error) === 'DATA' && context.errantRecords)
      return context.errantRecords.report(record, error as Error)
    if (error instanceof ConnectError) throw error
    throw new ConnectError(`cannot write ${whereOf(record)}: ${failureText(error)}`, { cause: error })
  }
}

function wakeForSchedule({ context }: Running, writers: readonly PartitionWriter[], nowMs: number): void {
  let next = Infinity
  for (const writer of writers) next = Math.min(next, writer.wakeAtMs(nowMs))
  if (next !== Infinity) context.timeout(Math.max(1, next - nowMs))
}
