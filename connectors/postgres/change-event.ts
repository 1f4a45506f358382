import type { ByteWriter, EncodedValue, Header, Schema, SourceOffset, SourcePartition, SourceRecord } from 'naru/api'
import { ENCODED } from 'naru/api'
import type { EventClock } from './event-clock.ts'
import type { Lsn } from './postgres/lsn.ts'
import { NO_TUPLE } from './postgres/pgoutput-decoder.ts'
import type { SourceInfo } from './source-info.ts'
import type { TableSchema } from './table-schema.ts'
import type { TransactionBlock } from './transaction-metadata.ts'

export type Op = 'c' | 'u' | 'd' | 'r' | 't'

/** A record on its way to poll. */
export class EventRecord implements SourceRecord {
  readonly topic: string
  readonly partition: number | undefined
  readonly keySchema: Schema | undefined
  readonly key: unknown
  readonly valueSchema: Schema | undefined
  readonly value: unknown
  readonly timestamp: number | undefined = undefined
  readonly headers: readonly Header[]
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
  /** The next record shares this one's source offset and must not be separated from it (Invariant 9). */
  readonly continues: boolean
  /** What it counts for in max.queue.size.in.bytes. */
  readonly bytes: number

  constructor(
    topic: string,
    partition: number | undefined,
    keySchema: Schema | undefined,
    key: unknown,
    valueSchema: Schema | undefined,
    value: unknown,
    headers: readonly Header[],
    sourcePartition: SourcePartition,
    sourceOffset: SourceOffset,
    continues: boolean,
    bytes: number,
  ) {
    this.topic = topic
    this.partition = partition
    this.keySchema = keySchema
    this.key = key
    this.valueSchema = valueSchema
    this.value = value
    this.headers = headers
    this.sourcePartition = sourcePartition
    this.sourceOffset = sourceOffset
    this.continues = continues
    this.bytes = bytes
  }
}

/** The key columns of a tuple, still as the server's text. */
export class RowKey implements EncodedValue {
  readonly #table: TableSchema
  readonly #source: Buffer
  readonly #tuple: number
  #plain: Record<string, unknown> | undefined

  constructor(table: TableSchema, source: Buffer, tuple: number) {
    this.#table = table
    this.#source = source
    this.#tuple = tuple
  }

  get [ENCODED](): true {
    return true
  }

  get schema(): Schema | undefined {
    return this.#table.keySchema
  }

  decode(): unknown {
    return (this.#plain ??= this.#table.key!.decode(this.#source, this.#tuple))
  }

  writeJson(out: ByteWriter): void {
    this.#table.key!.writeJson(out, this.#source, this.#tuple)
  }
}

const BEFORE = Buffer.from('{"before":')
const BEFORE_NULL_AFTER = Buffer.from('{"before":null,"after":')
const AFTER = Buffer.from(',"after":')
const NULL = Buffer.from('null')
const SOURCE = Buffer.from(',"source":')
const TRANSACTION = Buffer.from(',"transaction":')
const NO_TRANSACTION = opSuffixes(',"transaction":null,"op":')
const OP = opSuffixes(',"op":')

function opSuffixes(prefix: string): Readonly<Record<Op, Buffer>> {
  const of = (op: Op) => Buffer.from(`${prefix}"${op}"`)
  return { c: of('c'), u: of('u'), d: of('d'), r: of('r'), t: of('t') }
}

/** An envelope over tuples that are still as they came: JSON bytes are written straight from them. */
export class RowEvent implements EncodedValue {
  readonly #table: TableSchema
  readonly #op: Op
  readonly #source: Buffer
  readonly #before: number
  readonly #after: number
  /** The full old tuple, for unchanged TOAST values of `after`; or NO_TUPLE. */
  readonly #old: number
  readonly #info: SourceInfo
  readonly #lsn: Lsn
  readonly #clock: EventClock
  readonly #transaction: TransactionBlock | undefined
  #plain: Record<string, unknown> | undefined

  constructor(
    table: TableSchema,
    op: Op,
    source: Buffer,
    before: number,
    after: number,
    old: number,
    info: SourceInfo,
    lsn: Lsn,
    clock: EventClock,
    transaction: TransactionBlock | undefined,
  ) {
    this.#table = table
    this.#op = op
    this.#source = source
    this.#before = before
    this.#after = after
    this.#old = old
    this.#info = info
    this.#lsn = lsn
    this.#clock = clock
    this.#transaction = transaction
  }

  get [ENCODED](): true {
    return true
  }

  get schema(): Schema {
    return this.#table.valueSchema
  }

  decode(): unknown {
    return (this.#plain ??= {
      before: this.#before === NO_TUPLE ? null : this.#table.row.decode(this.#source, this.#before, NO_TUPLE),
      after: this.#after === NO_TUPLE ? null : this.#table.row.decode(this.#source, this.#after, this.#old),
      source: this.#info.decode(this.#lsn),
      transaction: this.#transaction?.decode() ?? null,
      op: this.#op,
      ts_ms: BigInt(this.#clock.millis),
      ts_us: BigInt(this.#clock.micros),
      ts_ns: BigInt(this.#clock.micros) * 1000n,
    })
  }

  writeJson(out: ByteWriter): void {
    if (this.#before === NO_TUPLE) {
      out.bytes(BEFORE_NULL_AFTER)
    } else {
      out.bytes(BEFORE)
      this.#table.row.writeJson(out, this.#source, this.#before, NO_TUPLE)
      out.bytes(AFTER)
    }
    if (this.#after === NO_TUPLE) out.bytes(NULL)
    else this.#table.row.writeJson(out, this.#source, this.#after, this.#old)
    out.bytes(SOURCE)
    this.#info.writeJson(out, this.#lsn)
    if (this.#transaction === undefined) {
      out.bytes(NO_TRANSACTION[this.#op])
    } else {
      out.bytes(TRANSACTION)
      this.#transaction.writeJson(out)
      out.bytes(OP[this.#op])
    }
    out.bytes(this.#clock.envelopeEnd)
  }
}
