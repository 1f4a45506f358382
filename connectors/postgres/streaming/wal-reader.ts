import type { EventRecord } from '../change-event.ts'
import { EventClock } from '../event-clock.ts'
import type { EventFactory, EventOrigin } from '../event-factory.ts'
import type { PostgresSourceConfig } from '../postgres-source-config.ts'
import type { Lsn } from '../postgres/lsn.ts'
import {
  NO_TUPLE,
  RowMessage,
  Tag,
  decodeBegin,
  decodeCommit,
  decodeMessage,
  decodeOrigin,
  decodeRelation,
  decodeTruncate,
} from '../postgres/pgoutput-decoder.ts'
import { PostgresError } from '../postgres/postgres-error.ts'
import type { ReplicationStream } from '../postgres/replication-stream.ts'
import type { RecordQueue } from '../record-queue.ts'
import type { SourceOffset } from 'naru/api'
import type { Server } from '../source-info.ts'
import { SourceInfo, SourceTemplate } from '../source-info.ts'
import type { MessageType, StreamPosition } from '../source-offset.ts'
import type { TableRegistry } from '../table-registry.ts'
import type { TableSchema } from '../table-schema.ts'
import { TransactionCounts } from '../transaction-metadata.ts'
import type { FlushPosition } from './flush-position.ts'
import type { ResumePoint } from './resume-point.ts'

/** A relation of this connection; `table` undefined: not captured. */
interface Relation {
  readonly table: TableSchema | undefined
  readonly source: SourceTemplate
  readonly inIdentity: readonly boolean[]
}

export interface WalReaderOptions {
  readonly config: PostgresSourceConfig
  readonly server: Server
  readonly stream: ReplicationStream
  readonly registry: TableRegistry
  readonly factory: EventFactory
  readonly queue: RecordQueue
  readonly flush: FlushPosition
  /** Advanced by every message. */
  readonly position: StreamPosition
  readonly resume: ResumePoint
}

/** Turns the messages of one replication stream into records. */
export class WalReader {
  readonly #config: PostgresSourceConfig
  readonly #server: Server
  readonly #stream: ReplicationStream
  readonly #registry: TableRegistry
  readonly #factory: EventFactory
  readonly #queue: RecordQueue
  readonly #flush: FlushPosition
  readonly #position: StreamPosition
  readonly #resume: ResumePoint
  readonly #relations = new Map<number, Relation>()
  readonly #row = new RowMessage()
  readonly #counts: TransactionCounts | undefined
  /** Logical messages belong to no table. */
  readonly #messageSource: SourceTemplate

  #inTransaction = false
  #xid = 0
  #origin: string | undefined
  #originLsn: Lsn | undefined
  /** `source` blocks of this transaction; the last one used is looked at first. */
  readonly #infos = new Map<SourceTemplate, SourceInfo>()
  #lastSource: SourceTemplate | undefined
  #lastInfo: SourceInfo | undefined

  constructor(options: WalReaderOptions) {
    this.#config = options.config
    this.#server = options.server
    this.#stream = options.stream
    this.#registry = options.registry
    this.#factory = options.factory
    this.#queue = options.queue
    this.#flush = options.flush
    this.#position = options.position
    this.#resume = options.resume
    this.#messageSource = new SourceTemplate(options.server, 'false', '', '')
    this.#counts = options.config.transactionMetadata ? new TransactionCounts() : undefined
  }

  /** Until `signal` aborts; throws when the stream ends. Waits only for bytes, for room in the queue, and at new relations. */
  async run(signal: AbortSignal): Promise<void> {
    const stream = this.#stream
    const queue = this.#queue
    while (await stream.ready(signal)) {
      let clock = new EventClock()
      for (let frame = stream.nextNow(); frame !== undefined; frame = stream.nextNow()) {
        if (frame === 'keepalive') this.#keepalive()
        else if (stream.buffer[stream.start] === Tag.RELATION) {
          await this.#relation()
          clock = new EventClock()
        } else this.#message(clock)
        if (queue.full) {
          queue.publish()
          if (!(await queue.room(signal))) return
          clock = new EventClock()
        }
      }
      queue.publish()
    }
  }

  /** The offset that a heartbeat carries now; undefined: nothing was read yet. */
  currentOffset(): SourceOffset | undefined {
    return this.#position.lsn === undefined ? undefined : this.#offset()
  }

  #keepalive(): void {
    const { walEnd, replyRequested } = this.#stream
    if (!this.#inTransaction) this.#flush.reached(walEnd)
    if (replyRequested) this.#stream.sendStatus(walEnd, this.#config.confirm ? this.#flush.lsn : 0)
  }

  async #relation(): Promise<void> {
    const message = decodeRelation(this.#stream.buffer, this.#stream.start)
    this.#relations.set(message.oid, {
      table: await this.#registry.ofRelation(message),
      source: new SourceTemplate(this.#server, 'false', message.schema, message.table),
      inIdentity: message.columns.map(({ key }) => key || message.replicaIdentity === 'f'),
    })
  }

  #message(clock: EventClock): void {
    const { buffer, start, walStart } = this.#stream
    switch (buffer[start]) {
      case Tag.INSERT:
        this.#row.insert(buffer, start)
        return this.#change('INSERT', clock)
      case Tag.UPDATE:
        this.#row.update(buffer, start)
        return this.#change('UPDATE', clock)
      case Tag.DELETE:
        this.#row.delete(buffer, start)
        return this.#change('DELETE', clock)
      case Tag.BEGIN:
        return this.#begin()
      case Tag.COMMIT:
        return this.#commit()
      case Tag.TRUNCATE:
        for (const oid of decodeTruncate(buffer, start).oids) this.#truncate(oid, clock)
        return
      case Tag.MESSAGE:
        return this.#logicalMessage(clock)
      case Tag.ORIGIN: {
        const origin = decodeOrigin(buffer, start)
        this.#origin = origin.name
        this.#originLsn = origin.commitLsn
        return
      }
      case Tag.TYPE:
        return
      default:
        throw new PostgresError(`unknown pgoutput message ${buffer[start]} at ${walStart}`, '08P01')
    }
  }

  #begin(): void {
    const { buffer, start, walStart } = this.#stream
    const begin = decodeBegin(buffer, start)
    this.#inTransaction = true
    this.#xid = begin.xid
    this.#origin = undefined
    this.#originLsn = undefined
    this.#infos.clear()
    this.#lastSource = undefined
    this.#position.begin(walStart, begin.xid, begin.commitTimeUs)
    if (this.#counts !== undefined) {
      const value = this.#counts.begin(begin.xid, walStart, begin.commitTimeUs)
      if (!this.#resume.delivered(begin.xid, walStart, 0)) this.#emit(this.#factory.transaction(value, this.#offset()))
    }
  }

  #commit(): void {
    const { buffer, start, walStart } = this.#stream
    const commit = decodeCommit(buffer, start)
    this.#inTransaction = false
    this.#position.commit(walStart)
    if (this.#counts !== undefined) {
      const value = this.#counts.end(this.#xid, walStart, commit.commitTimeUs)
      this.#emit(this.#factory.transaction(value, this.#position.offset()))
    }
    this.#flush.reached(commit.endLsn)
  }

  #change(type: MessageType & ('INSERT' | 'UPDATE' | 'DELETE'), clock: EventClock): void {
    const row = this.#row
    const { buffer, start, end, walStart } = this.#stream
    const relation = this.#relationOf(row.relationOid)
    this.#position.event(walStart, type)
    const table = relation.table
    if (table === undefined || this.#config.skipped.has(OPERATION[type])) return
    const transaction = this.#counts?.next(this.#xid, walStart, table.identity)
    if (this.#resume.delivered(this.#xid, walStart, this.#position.eventsAtLsn)) return
    const at: EventOrigin = {
      info: this.#infoOf(relation.source),
      lsn: walStart,
      clock,
      offset: this.#offset(),
      transaction,
      bytes: end - start,
    }
    const { oldTuple, newTuple } = row
    const full = row.oldIsFull ? oldTuple : NO_TUPLE
    switch (type) {
      case 'INSERT':
        return this.#emit(this.#factory.row(table, 'c', buffer, NO_TUPLE, newTuple, NO_TUPLE, at))
      case 'UPDATE': {
        const { key } = table
        if (key !== undefined && oldTuple !== NO_TUPLE) {
          const changed = key.differs(buffer, oldTuple, newTuple, (index) => relation.inIdentity[index] === true)
          if (changed) return this.#keyChange(table, buffer, at)
        }
        return this.#emit(this.#factory.row(table, 'u', buffer, full, newTuple, full, at))
      }
      case 'DELETE': {
        const tombstone = this.#config.tombstones && table.key !== undefined
        this.#emit(this.#factory.row(table, 'd', buffer, oldTuple, NO_TUPLE, NO_TUPLE, at, tombstone))
        if (tombstone) this.#emit(this.#factory.tombstone(table, buffer, oldTuple, at))
      }
    }
  }

  /** Delete under the old key, tombstone, create under the new one: one unit (Invariant 9). */
  #keyChange(table: TableSchema, buffer: Buffer, at: EventOrigin): void {
    const { oldTuple, newTuple, oldIsFull } = this.#row
    const factory = this.#factory
    const gone = factory.keyChangeHeaders('newkey', table, buffer, newTuple)
    const come = factory.keyChangeHeaders('oldkey', table, buffer, oldTuple)
    this.#emit(factory.row(table, 'd', buffer, oldTuple, NO_TUPLE, NO_TUPLE, at, true, gone))
    if (this.#config.tombstones) this.#emit(factory.tombstone(table, buffer, oldTuple, at, true, gone))
    this.#emit(factory.row(table, 'c', buffer, NO_TUPLE, newTuple, oldIsFull ? oldTuple : NO_TUPLE, at, false, come))
  }

  #truncate(oid: number, clock: EventClock): void {
    const { buffer, start, end, walStart } = this.#stream
    const { table, source } = this.#relationOf(oid)
    this.#position.event(walStart, 'TRUNCATE')
    if (table === undefined || this.#config.skipped.has('t')) return
    const transaction = this.#counts?.next(this.#xid, walStart, table.identity)
    if (this.#resume.delivered(this.#xid, walStart, this.#position.eventsAtLsn)) return
    const info = this.#infoOf(source)
    const offset = this.#offset()
    this.#emit(
      this.#factory.truncate(table, buffer, { info, lsn: walStart, clock, offset, transaction, bytes: end - start }),
    )
  }

  #logicalMessage(clock: EventClock): void {
    const { buffer, start, end, walStart } = this.#stream
    const message = decodeMessage(buffer, start)
    if (message.transactional) {
      this.#position.event(walStart, 'MESSAGE')
      if (this.#resume.delivered(this.#xid, walStart, this.#position.eventsAtLsn)) return
    } else {
      if (this.#resume.messageDelivered(walStart)) return
      // It may come between the messages of a transaction that has not ended in the log yet, but never between those of the stream.
      this.#position.message(walStart)
      this.#flush.reached(walStart)
    }
    if (!this.#config.filter.message(message.prefix)) return
    const info = this.#sourceInfo(this.#messageSource)
    const transaction = message.transactional ? this.#counts?.next(this.#xid, walStart, 'message') : undefined
    const at: EventOrigin = { info, lsn: walStart, clock, offset: this.#offset(), transaction, bytes: end - start }
    this.#emit(this.#factory.message(message, at))
  }

  #emit(record: EventRecord): void {
    this.#queue.push(record)
    this.#flush.emitted(record.sourceOffset)
  }

  #relationOf(oid: number): Relation {
    const relation = this.#relations.get(oid)
    if (relation === undefined) throw new PostgresError(`row of relation ${oid} before its description`, '08P01')
    return relation
  }

  #infoOf(source: SourceTemplate): SourceInfo {
    if (source === this.#lastSource) return this.#lastInfo!
    let info = this.#infos.get(source)
    if (info === undefined) {
      info = this.#sourceInfo(source)
      this.#infos.set(source, info)
    }
    this.#lastSource = source
    this.#lastInfo = info
    return info
  }

  #sourceInfo(source: SourceTemplate): SourceInfo {
    return new SourceInfo(source, {
      tsUsec: this.#position.tsUsec ?? 0,
      lsnCommit: this.#position.lsnCommit,
      txId: this.#position.txId,
      origin: this.#origin,
      originLsn: this.#originLsn,
    })
  }

  #offset(): SourceOffset {
    if (this.#counts === undefined || !this.#inTransaction) return this.#position.offset()
    return { transaction_id: String(this.#xid), ...this.#position.offset(), ...this.#counts.offsetFields() }
  }
}

const OPERATION = { INSERT: 'c', UPDATE: 'u', DELETE: 'd' } as const
