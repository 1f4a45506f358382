import { ByteWriter, schemasEqual } from 'naru/api'
import type { Logger, Schema, SinkRecord, TopicPartition } from 'naru/api'
import type { RecordFormat } from '../formats/record-format.ts'
import { objectKey } from '../object-key.ts'
import type { ObjectKeyOptions, ObjectView } from '../object-key.ts'
import type { Partitioner } from '../partitioning/partitioners.ts'
import type { TimeZone } from '../partitioning/time-zone.ts'
import { nextScheduledRotation, rotationAfter, rotationBefore, rotationIsDue } from '../rotation.ts'
import type { RotationPolicy, RotationReason } from '../rotation.ts'
import { ObjectWriter } from './object-writer.ts'
import type { Turn } from './object-writer.ts'
import { OpenObject } from './open-object.ts'
import { ObjectExistsError, StoredObjects } from './stored-objects.ts'
import type { StoredObject } from './stored-objects.ts'
import type { UploadEnvironment } from './upload-environment.ts'
import { UploadRounds } from './upload-rounds.ts'

export interface WriterSettings {
  readonly naming: ObjectKeyOptions
  readonly policy: RotationPolicy
  readonly schedule: { readonly periodMs: number; readonly zone: TimeZone } | undefined
  readonly formats: { readonly [View in ObjectView]: RecordFormat | undefined }
  /** Appended to the format's extension. */
  readonly compressionExtension: string
  readonly tombstoneFolder: string
}

/**
 * The open objects of one Kafka partition. Which records share an object, and what it is called, follows from the records alone
 * (unless the clock is asked by configuration): written again after a crash, the same objects are overwritten with the same
 * content. That, and offsets that move only over uploaded objects, is exactly once.
 */
export class PartitionWriter {
  readonly of: TopicPartition
  readonly #settings: WriterSettings
  readonly #environment: UploadEnvironment
  readonly #partitioner: Partitioner
  readonly #logger: Logger
  readonly #cancel = new AbortController()
  readonly #rounds = new UploadRounds()
  readonly #stored: StoredObjects
  /** Objects of rounds that are not whole in the store. */
  readonly #found: StoredObject[] = []
  #scratch: ByteWriter | undefined
  readonly #open = new Map<string, OpenObject>()
  /** Offset after the last record seen; undefined before the first. */
  #position: number | undefined
  /** Offset of the first record seen. */
  #first: number | undefined
  #state: {
    records: number
    openFiles: number
    baseMs: number | undefined
    lastFolder: string | undefined
    nextScheduleMs: number | undefined
  } = { records: 0, openFiles: 0, baseMs: undefined, lastFolder: undefined, nextScheduleMs: undefined }

  constructor(
    of: TopicPartition,
    options: {
      readonly settings: WriterSettings
      readonly environment: UploadEnvironment
      readonly partitioner: Partitioner
      readonly logger: Logger
      /** What an earlier writer of the partition left in the store. */
      readonly stored?: readonly StoredObject[]
    },
  ) {
    this.of = of
    this.#settings = options.settings
    this.#environment = options.environment
    this.#partitioner = options.partitioner
    this.#logger = options.logger
    this.#stored = new StoredObjects(options.stored ?? [])
  }

  /** Why its uploads cannot go on. */
  get failure(): unknown {
    return this.#rounds.failure ?? this.#stored.failure
  }

  /** The next offset to consume after what is in the store; undefined: nothing yet. Skipped records count once nothing is open. */
  get committable(): number | undefined {
    const idle = this.#state.records === 0 && this.#rounds.pending === 0 && !this.#stored.isPending
    return idle ? this.#position : this.#rounds.durable
  }

  /** Where reading must begin again when everything outside the store is forgotten; undefined: nothing was read. */
  get restartOffset(): number | undefined {
    return this.#rounds.durable ?? this.#first
  }

  /** What lies in the store beyond `restartOffset`: for the writer that begins there. */
  get stored(): readonly StoredObject[] {
    return [...this.#stored.known, ...this.#found]
  }

  /** It must see more records before what it has closed may be stored. */
  get isComparing(): boolean {
    return this.#stored.isPending
  }

  /** When to look at the clock again (ms), if nothing comes before. */
  wakeAtMs(nowMs: number): number {
    const { schedule } = this.#settings
    if (!schedule) return Infinity
    const rotation = (this.#state.records > 0 ? this.#state.nextScheduleMs : undefined) ?? Infinity
    return this.isComparing ? Math.min(rotation, nowMs + schedule.periodMs) : rotation
  }

  get openWriters(): readonly ObjectWriter[] {
    return [...this.#open.values()].flatMap((object) => object.writers)
  }

  /** `nowMs` is the clock, read once per batch. Throws DataError: the record was not written and is behind us. */
  write(record: SinkRecord, nowMs: number): void {
    const offset = record.originalOffset
    this.#first ??= offset
    const isTombstone = record.value === null
    try {
      const timestampMs = this.#partitioner.timestamp?.(record, nowMs) ?? nowMs
      const folder = isTombstone ? this.#settings.tombstoneFolder : this.#partitioner.encode(record, timestampMs)
      if (this.#stored.mayHold(offset) && this.#isStored(record, folder)) return
      this.#rotateBefore(record, { folder, timestampMs, nowMs, isTombstone })
      this.#state.baseMs ??= timestampMs
      this.#append(record, folder, isTombstone)
      this.#state.lastFolder = folder
    } finally {
      this.#position = offset + 1
    }
    const reason = rotationAfter(this.#state, this.#settings.policy)
    if (reason !== undefined) this.#rotate(reason)
  }

  /** The record is not written and shall not be read again. */
  skip(record: SinkRecord): void {
    this.#position = record.originalOffset + 1
  }

  /** Looks at the clock. */
  tick(nowMs: number): void {
    const { schedule } = this.#settings
    if (!schedule) return
    const { nextScheduleMs } = this.#state
    if (rotationIsDue(this.#state, nowMs)) this.#rotate('SCHEDULE')
    // an expired timer of an idle partition must not close its next record alone
    else if (nextScheduleMs !== undefined && (nowMs < nextScheduleMs || this.#state.records > 0)) return
    this.#state.nextScheduleMs = nextScheduledRotation(nowMs, schedule.periodMs, schedule.zone)
  }

  /** Looks at what it compares, behind a batch: has reading come to the end of the log? */
  review(nowMs: number, atEnd: boolean): void {
    const { schedule } = this.#settings
    if (schedule) this.#stored.tick(nowMs, atEnd, 2 * schedule.periodMs)
  }

  /** Resolves when all closed objects are uploaded or failed. */
  settled(): Promise<void> {
    return this.#rounds.settled()
  }

  /** Forgets everything that is not in the store. */
  async discard(): Promise<void> {
    const reason = new Error('the partition is not ours any more')
    this.#cancel.abort(reason)
    this.#stored.abandon(reason)
    await Promise.all(this.openWriters.map((writer) => writer.discard()))
    this.#open.clear()
    await this.#rounds.settled()
  }

  #rotateBefore(
    record: SinkRecord,
    candidate: {
      readonly folder: string
      readonly timestampMs: number
      readonly nowMs: number
      readonly isTombstone: boolean
    },
  ): void {
    const { folder, timestampMs, nowMs, isTombstone } = candidate
    const open = this.#open.get(folder)
    const reason = rotationBefore(
      this.#state,
      {
        folder,
        timestampMs,
        nowMs,
        folderIsOpen: open !== undefined,
        schemaDiffers: open !== undefined && !schemasEqual(open.schema, record.valueSchema),
        isTombstone: isTombstone || this.#state.lastFolder === this.#settings.tombstoneFolder,
      },
      this.#settings.policy,
    )
    if (reason === undefined) return
    this.#rotate(reason)
    if (this.#settings.schedule) this.tick(nowMs)
  }

  #append(record: SinkRecord, folder: string, isTombstone: boolean): void {
    const known = this.#open.get(folder)
    const object = known ?? this.#create(record, folder, isTombstone)
    try {
      object.append(record)
    } catch (error) {
      // nothing of it was sent: an object without records has not even a name in the store
      if (known === undefined) for (const writer of object.writers) void writer.discard()
      throw error
    }
    if (known === undefined) {
      this.#open.set(folder, object)
      this.#state.openFiles++
    }
    this.#state.records++
  }

  #create(record: SinkRecord, folder: string, isTombstone: boolean): OpenObject {
    const { formats } = this.#settings
    const writer = (view: ObjectView): ObjectWriter | undefined => {
      const format = formats[view]
      if (!format || (view === 'values' && isTombstone)) return undefined
      const key = this.#key(record.originalOffset, folder, view, format)
      return new ObjectWriter(key, format, this.#environment, this.#cancel.signal)
    }
    const schema: Schema | undefined = record.valueSchema
    return new OpenObject(schema, record.originalOffset, {
      values: writer('values'),
      keys: writer('keys'),
      headers: writer('headers'),
    })
  }

  #key(startOffset: number, folder: string, view: ObjectView, format: RecordFormat): string {
    const extension = format.extension + this.#settings.compressionExtension
    return objectKey({ ...this.of, folder, startOffset, view, extension }, this.#settings.naming)
  }

  #rotate(reason: RotationReason): void {
    const { topic, partition } = this.of
    this.#logger.debug(`closing ${this.openWriters.length} objects of ${topic}-${partition}: ${reason}`)
    const end = this.#position ?? 0
    this.#rounds.add(end, this.#environment.conditionalWrites ? this.#finishInTurn(end) : this.#finish())
    this.#open.clear()
    const { lastFolder, nextScheduleMs } = this.#state
    this.#state = { records: 0, openFiles: 0, baseMs: undefined, lastFolder, nextScheduleMs }
  }

  #finish(): readonly Promise<void>[] {
    return this.openWriters.map((writer) => writer.finish())
  }

  /** Each round behind the one before, so that where an object is in the way nothing later has been written. */
  #finishInTurn(end: number): readonly Promise<void>[] {
    const comes = Promise.all([this.#rounds.stored(), this.#stored.proved])
    comes.catch(() => undefined) // reported by the writers
    const turn: Turn = { comes, isFar: this.#stored.isPending }
    const round: StoredObject[] = []
    const uploads = [...this.#open].flatMap(([folder, { start, writers }]) =>
      writers.map((writer) =>
        writer.finish(turn).then(
          () => void round.push({ kind: 'until', folder, start, end }),
          (error: unknown) => {
            if (error instanceof ObjectExistsError && error.key === writer.key)
              round.push(foundInPlace(folder, start, error))
            throw error
          },
        ),
      ),
    )
    // a round that is whole is behind us: reading never begins before it again
    void Promise.allSettled(uploads).then((results) => {
      if (results.some(({ status }) => status === 'rejected')) this.#found.push(...round)
    })
    return uploads
  }

  #isStored(record: SinkRecord, folder: string): boolean {
    return this.#stored.has(folder, record.originalOffset, () => {
      const scratch = (this.#scratch ??= new ByteWriter(1024))
      scratch.reset()
      this.#settings.formats.values?.write(record, scratch)
      return scratch.view()
    })
  }
}

/** By its name an object holds at least the record that it begins with: all there is to go by where we may not read it. */
function foundInPlace(folder: string, start: number, { key, existing }: ObjectExistsError): StoredObject {
  return existing === undefined
    ? { kind: 'until', folder, start, end: start + 1 }
    : { kind: 'content', folder, start, key, content: existing }
}
