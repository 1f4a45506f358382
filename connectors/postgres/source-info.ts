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

export interface SourceFields {
  readonly server: Server
  /** Commit time, microseconds since the epoch. */
  readonly tsUsec: number
  readonly snapshot: SnapshotMarker
  /** Last commit before the event; undefined: none yet. */
  readonly lsnCommit: Lsn | undefined
  readonly schema: string
  readonly table: string
  readonly txId: number | undefined
  readonly origin: string | undefined
  readonly originLsn: Lsn | undefined
}

/** The `source` block of the events of one table in one transaction: constant bytes around the LSN. */
export class SourceInfo {
  readonly #fields: SourceFields
  readonly #head: Buffer
  readonly #middle: Buffer
  readonly #tail: Buffer

  constructor(fields: SourceFields) {
    const { server, tsUsec, txId, origin, originLsn } = fields
    this.#fields = fields
    const commit = fields.lsnCommit === undefined ? 'null' : `\\"${fields.lsnCommit}\\"`
    this.#head = Buffer.from(
      `{"version":${jsonString(server.version)},"connector":"postgresql","name":${jsonString(server.name)},` +
        `"ts_ms":${Math.floor(tsUsec / 1000)},"snapshot":"${fields.snapshot}","db":${jsonString(server.database)},` +
        `"sequence":"[${commit},\\"`,
    )
    this.#middle = Buffer.from(
      `\\"]","ts_us":${tsUsec},"ts_ns":${nanos(tsUsec)},"schema":${jsonString(fields.schema)},` +
        `"table":${jsonString(fields.table)},"txId":${txId ?? null},"lsn":`,
    )
    this.#tail = Buffer.from(
      `,"xmin":null,"origin":${origin === undefined ? 'null' : jsonString(origin)},"origin_lsn":${originLsn ?? null}}`,
    )
  }

  writeJson(out: ByteWriter, lsn: Lsn): void {
    const head = this.#head
    const middle = this.#middle
    const tail = this.#tail
    out.reserve(head.length + middle.length + tail.length + 40)
    const target = out.buffer
    let at = out.length
    target.set(head, at)
    const digits = at + head.length
    at = putInteger(target, digits, lsn)
    const size = at - digits
    target.set(middle, at)
    at += middle.length
    target.copyWithin(at, digits, digits + size)
    at += size
    target.set(tail, at)
    out.length = at + tail.length
  }

  decode(lsn: Lsn): Record<string, unknown> {
    const { server, tsUsec, snapshot, lsnCommit, schema, table, txId, origin, originLsn } = this.#fields
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

/** Microseconds as nanoseconds, which a double does not hold. */
function nanos(micros: number): string {
  return micros === 0 ? '0' : `${micros}000`
}
