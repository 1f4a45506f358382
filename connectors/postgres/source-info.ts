import type { ByteWriter } from 'naru/api'
import type { Lsn } from './postgres/lsn.ts'
import { jsonString, putInteger } from './types/json-text.ts'

export type SnapshotMarker =
  'true' | 'first' | 'first_in_data_collection' | 'last_in_data_collection' | 'last' | 'false'

/** What is the same for all events of a connector. */
export interface Server {
  /** `source.version` */
  readonly version: string
  /** `topic.prefix` */
  readonly name: string
  readonly database: string
}

/** The parts of the `source` block that are the same for all events of a table: bytes between the numbers. */
export class SourceTemplate {
  readonly server: Server
  readonly snapshot: SnapshotMarker
  readonly schema: string
  readonly table: string
  /** Up to `ts_ms`, the sequence, its end, `ts_ns`, `txId`, `lsn`. */
  readonly pieces: readonly [Buffer, Buffer, Buffer, Buffer, Buffer]
  /** All of them and the longest numbers. */
  readonly size: number

  constructor(server: Server, snapshot: SnapshotMarker, schema: string, table: string) {
    this.server = server
    this.snapshot = snapshot
    this.schema = schema
    this.table = table
    this.pieces = [
      Buffer.from(
        `{"version":${jsonString(server.version)},"connector":"postgresql","name":${jsonString(server.name)},"ts_ms":`,
      ),
      Buffer.from(`,"snapshot":"${snapshot}","db":${jsonString(server.database)},"sequence":"[`),
      Buffer.from(`\\"]","ts_us":`),
      Buffer.from(`,"ts_ns":`),
      Buffer.from(`,"schema":${jsonString(schema)},"table":${jsonString(table)},"txId":`),
    ]
    this.size = this.pieces.reduce((sum, piece) => sum + piece.length, 7 * 24)
  }
}

export interface SourceFields {
  /** Commit time, microseconds since the epoch. */
  readonly tsUsec: number
  /** Last commit before the event; undefined: none yet. */
  readonly lsnCommit: Lsn | undefined
  readonly txId: number | undefined
  readonly origin: string | undefined
  readonly originLsn: Lsn | undefined
}

const NULL = Buffer.from('null')
const QUOTE = Buffer.from('\\"')
const NEXT = Buffer.from(',\\"')
const ZEROS = Buffer.from('000')
const LSN = Buffer.from(',"lsn":')
const NO_ORIGIN = Buffer.from(',"xmin":null,"origin":null,"origin_lsn":null}')

/** The `source` block of the events of one table in one transaction: bytes around the LSN of the event. */
export class SourceInfo {
  readonly #template: SourceTemplate
  readonly #fields: SourceFields
  /** Head and middle; the LSN belongs at `#split` and behind it all. */
  readonly #bytes: Buffer
  readonly #split: number
  readonly #tail: Buffer

  constructor(template: SourceTemplate, fields: SourceFields) {
    const { tsUsec, lsnCommit, txId, origin, originLsn } = fields
    this.#template = template
    this.#fields = fields
    const [head, sequence, micros, nanos, names] = template.pieces
    const bytes = Buffer.allocUnsafe(template.size)
    let at = put(bytes, head, 0)
    at = putInteger(bytes, at, Math.floor(tsUsec / 1000))
    at = put(bytes, sequence, at)
    if (lsnCommit === undefined) at = put(bytes, NULL, at)
    else at = put(bytes, QUOTE, putInteger(bytes, put(bytes, QUOTE, at), lsnCommit))
    at = put(bytes, NEXT, at)
    this.#split = at
    at = putInteger(bytes, put(bytes, micros, at), tsUsec)
    at = putInteger(bytes, put(bytes, nanos, at), tsUsec)
    if (tsUsec !== 0) at = put(bytes, ZEROS, at) // a double does not hold nanoseconds
    at = put(bytes, names, at)
    at = txId === undefined ? put(bytes, NULL, at) : putInteger(bytes, at, txId)
    at = put(bytes, LSN, at)
    this.#bytes = bytes.subarray(0, at)
    this.#tail =
      origin === undefined
        ? NO_ORIGIN
        : Buffer.from(`,"xmin":null,"origin":${jsonString(origin)},"origin_lsn":${originLsn ?? null}}`)
  }

  writeJson(out: ByteWriter, lsn: Lsn): void {
    const bytes = this.#bytes
    const split = this.#split
    out.reserve(bytes.length + this.#tail.length + 40)
    const target = out.buffer
    const start = out.length
    bytes.copy(target, start, 0, split)
    let at = putInteger(target, start + split, lsn)
    bytes.copy(target, at, split)
    at = putInteger(target, at + bytes.length - split, lsn)
    out.length = put(target, this.#tail, at)
  }

  decode(lsn: Lsn): Record<string, unknown> {
    const { server, snapshot, schema, table } = this.#template
    const { tsUsec, lsnCommit, txId, origin, originLsn } = this.#fields
    return {
      version: server.version,
      connector: 'postgresql',
      name: server.name,
      ts_ms: BigInt(Math.floor(tsUsec / 1000)),
      snapshot,
      db: server.database,
      sequence: `[${lsnCommit === undefined ? 'null' : `"${lsnCommit}"`},"${lsn}"]`,
      ts_us: BigInt(tsUsec),
      ts_ns: BigInt(tsUsec) * 1000n,
      schema,
      table,
      txId: txId === undefined ? null : BigInt(txId),
      lsn: BigInt(lsn),
      xmin: null,
      origin: origin ?? null,
      origin_lsn: originLsn === undefined ? null : BigInt(originLsn),
    }
  }
}

function put(target: Buffer, piece: Buffer, at: number): number {
  target.set(piece, at)
  return at + piece.length
}
