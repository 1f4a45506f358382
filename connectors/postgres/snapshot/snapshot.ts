import type { Logger, SourceOffset } from 'naru/api'
import type pg from 'pg'
import { EventClock } from '../event-clock.ts'
import type { EventFactory } from '../event-factory.ts'
import type { CatalogTable } from '../postgres/catalog.ts'
import { quoteIdentifier, quoteLiteral, rows } from '../postgres/connection.ts'
import { copyRows } from '../postgres/copy-stream.ts'
import type { Lsn } from '../postgres/lsn.ts'
import { parseLsn } from '../postgres/lsn.ts'
import { NO_TUPLE } from '../postgres/pgoutput-decoder.ts'
import { qualified } from '../postgres/publication.ts'
import { tupleEnd } from '../postgres/tuple.ts'
import type { RecordQueue } from '../record-queue.ts'
import type { Server, SnapshotMarker } from '../source-info.ts'
import { SourceInfo, SourceTemplate } from '../source-info.ts'
import { snapshotOffset } from '../source-offset.ts'
import type { TableRegistry } from '../table-registry.ts'
import type { TableSchema } from '../table-schema.ts'

export interface SnapshotOptions {
  readonly server: Server
  readonly registry: TableRegistry
  readonly factory: EventFactory
  readonly queue: RecordQueue
  readonly logger: Logger
  /** Told of every offset that is handed to the queue. */
  readonly emitted: (offset: SourceOffset) => void
}

/** Where in the log the snapshot stands. */
export interface SnapshotPoint {
  readonly lsn: Lsn
  readonly txId: number
  readonly tsUsec: number
}

/** A row that waits for its successor: only then is known whether it was the last. */
interface HeldRow {
  readonly table: TableSchema
  readonly source: Buffer
  readonly tuple: number
  readonly firstOfTable: boolean
  readonly firstOfAll: boolean
}

/** Reads all rows of the captured tables as one consistent image. */
export class Snapshot {
  readonly #options: SnapshotOptions
  #held: HeldRow | undefined
  #count = 0
  #infos = new Map<SnapshotMarker, { readonly table: TableSchema; readonly info: SourceInfo }>()

  constructor(options: SnapshotOptions) {
    this.#options = options
  }

  /**
   * `client`: an ordinary connection for this alone. `imported`: a snapshot exported with a slot, and the slot's consistent
   * point; without it the transaction takes its own. Answers undefined when aborted.
   */
  async run(
    client: pg.Client,
    tables: readonly CatalogTable[],
    imported: { readonly snapshot: string; readonly lsn: Lsn } | undefined,
    signal: AbortSignal,
  ): Promise<SnapshotPoint | undefined> {
    const point = await openTransaction(client, imported)
    const { registry, logger, queue } = this.#options
    const offset = snapshotOffset(point, false)
    for (const [index, catalog] of tables.entries()) {
      const table = await registry.ofCatalog(catalog)
      const before = this.#count
      logger.info(`snapshot: reading ${table.identity} (${index + 1} of ${tables.length})`)
      if (!(await this.#readTable(client, catalog, table, point, offset, signal))) return undefined
      logger.info(`snapshot: ${table.identity} has ${this.#count - before} rows`)
    }
    if (this.#held !== undefined) this.#emit(this.#held, 'last', point, new EventClock(), snapshotOffset(point, true))
    queue.publish()
    await client.query('COMMIT')
    return point
  }

  async #readTable(
    client: pg.Client,
    catalog: CatalogTable,
    table: TableSchema,
    point: SnapshotPoint,
    offset: SourceOffset,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { queue } = this.#options
    let firstOfTable = true
    for await (const batch of copyRows(client, copyStatement(catalog, table), table.columns.length, signal)) {
      const clock = new EventClock()
      for (const tuple of batch.positions) {
        if (this.#held !== undefined) this.#emit(this.#held, marker(this.#held, firstOfTable), point, clock, offset)
        this.#held = { table, source: batch.buffer, tuple, firstOfTable, firstOfAll: this.#count === 0 }
        firstOfTable = false
        this.#count++
        if (queue.full) {
          queue.publish()
          if (!(await queue.room(signal))) return false
        }
      }
      queue.publish()
    }
    return true
  }

  #emit(row: HeldRow, snapshot: SnapshotMarker, point: SnapshotPoint, clock: EventClock, offset: SourceOffset): void {
    const { factory, queue, emitted } = this.#options
    const { table, source, tuple } = row
    const at = {
      info: this.#infoOf(table, snapshot, point),
      lsn: point.lsn,
      clock,
      offset,
      transaction: undefined,
      bytes: tupleEnd(source, tuple) - tuple,
    }
    queue.push(factory.row(table, 'r', source, NO_TUPLE, tuple, NO_TUPLE, at))
    emitted(offset)
  }

  #infoOf(table: TableSchema, snapshot: SnapshotMarker, point: SnapshotPoint): SourceInfo {
    const known = this.#infos.get(snapshot)
    if (known?.table === table) return known.info
    const template = new SourceTemplate(this.#options.server, snapshot, table.schema, table.table)
    const info = new SourceInfo(template, {
      tsUsec: point.tsUsec,
      lsnCommit: undefined,
      txId: point.txId,
      origin: undefined,
      originLsn: undefined,
    })
    this.#infos.set(snapshot, { table, info })
    return info
  }
}

/** Debezium's order of rules; `last` is known at the very end only. */
function marker(row: HeldRow, nextIsOtherTable: boolean): SnapshotMarker {
  if (row.firstOfAll) return 'first'
  if (nextIsOtherTable) return 'last_in_data_collection'
  return row.firstOfTable ? 'first_in_data_collection' : 'true'
}

async function openTransaction(
  client: pg.Client,
  imported: { readonly snapshot: string; readonly lsn: Lsn } | undefined,
): Promise<SnapshotPoint> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  if (imported !== undefined) await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(imported.snapshot)}`)
  await client.query('SET LOCAL statement_timeout = 0')
  await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  // The next xid stands for "the transaction of the snapshot"; asking for a real one would make this a writing transaction.
  const [row] = await rows(
    client,
    `SELECT txid_snapshot_xmax(txid_current_snapshot()) AS xid, (extract(epoch FROM now()) * 1000000)::int8 AS ts,
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn`,
  )
  return {
    lsn: imported?.lsn ?? parseLsn(row?.['lsn'] ?? '0/0'),
    txId: Number(row?.['xid']),
    tsUsec: Number(row?.['ts']),
  }
}

/** COPY of a table leaves out the rows of inheriting tables, which are captured by themselves; of a partitioned one it must select. */
function copyStatement(catalog: CatalogTable, table: TableSchema): string {
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const generated = catalog.columns.some((column) => column.generated)
  return catalog.partitioned || generated || columns === ''
    ? `COPY (SELECT ${columns} FROM ${catalog.partitioned ? '' : 'ONLY '}${qualified(catalog)}) TO STDOUT`
    : `COPY ${qualified(catalog)} (${columns}) TO STDOUT`
}
