import type pg from 'pg'
import { quoteIdentifier, rows } from './connection.ts'
import type { Lsn } from './lsn.ts'
import { parseLsn } from './lsn.ts'

export interface SlotState {
  readonly name: string
  readonly plugin: string
  readonly database: string | undefined
  readonly active: boolean
  /** The walsender that uses it. */
  readonly activePid: number | undefined
  readonly confirmedFlush: Lsn | undefined
  /** Absent: the slot was invalidated, or is being created. */
  readonly restart: Lsn | undefined
  readonly lost: boolean
}

export async function readSlot(client: pg.Client, name: string): Promise<SlotState | undefined> {
  const [row] = await rows(client, 'SELECT * FROM pg_replication_slots WHERE slot_name = $1', [name])
  if (row === undefined) return undefined
  const lsn = (text: string | null | undefined) => (text === null || text === undefined ? undefined : parseLsn(text))
  return {
    name,
    plugin: row['plugin'] ?? '',
    database: row['database'] ?? undefined,
    active: row['active'] === 't',
    activePid: row['active_pid'] === null ? undefined : Number(row['active_pid']),
    confirmedFlush: lsn(row['confirmed_flush_lsn']),
    restart: lsn(row['restart_lsn']),
    lost: row['wal_status'] === 'lost',
  }
}

export interface CreatedSlot {
  /** Everything that committed before is in the snapshot, everything after comes by the stream. */
  readonly consistentPoint: Lsn
  /** For `SET TRANSACTION SNAPSHOT`; lives until the next command on the connection that made it. */
  readonly snapshot: string | undefined
}

/** On a replication connection. */
export async function createSlot(
  replication: pg.Client,
  options: { readonly slot: string; readonly temporary?: boolean; readonly failover?: boolean },
): Promise<CreatedSlot> {
  const temporary = options.temporary === true ? ' TEMPORARY' : ''
  const tail = options.failover === true ? `(SNAPSHOT 'export', FAILOVER)` : 'EXPORT_SNAPSHOT'
  const [row] = await rows(
    replication,
    `CREATE_REPLICATION_SLOT ${quoteIdentifier(options.slot)}${temporary} LOGICAL pgoutput ${tail}`,
  )
  return {
    consistentPoint: parseLsn(row?.['consistent_point'] ?? '0/0'),
    snapshot: row?.['snapshot_name'] ?? undefined,
  }
}

export async function dropSlot(client: pg.Client, name: string): Promise<void> {
  await rows(
    client,
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
    [name],
  )
}
