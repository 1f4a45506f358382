import type { SourceOffset } from 'naru/api'
import type { Lsn } from './postgres/lsn.ts'

export type MessageType = 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'BEGIN' | 'COMMIT' | 'MESSAGE'

/**
 * Where the stream is, in Debezium's terms, so that either connector takes over from the other. Events are told apart by their
 * LSN and, since rows of one multi-insert WAL record share one, by their number at that LSN.
 */
export class StreamPosition {
  /** Of the last message. */
  lsn: Lsn | undefined
  /** Of the last event that was processed completely. */
  lsnProc: Lsn | undefined
  /** End of the last transaction that was processed completely: the slot may be confirmed up to here. */
  lsnCommit: Lsn | undefined
  /** Events so far at `lsn`. */
  eventsAtLsn = 0
  txId: number | undefined
  /** Commit time of the transaction, microseconds since the epoch. */
  tsUsec: number | undefined
  messageType: MessageType | undefined

  /** Undefined: a snapshot was not finished, its rows do not count. */
  static restore(stored: SourceOffset): StreamPosition | undefined {
    if (isUnfinishedSnapshot(stored)) return undefined
    const position = new StreamPosition()
    position.lsn = integer(stored['lsn'])
    position.lsnProc = integer(stored['lsn_proc'])
    position.lsnCommit = integer(stored['lsn_commit'])
    position.txId = integer(stored['txId'])
    position.tsUsec = integer(stored['ts_usec'])
    position.messageType = (stored['messageType'] as MessageType | undefined) ?? undefined
    // Releases before 3.7 do not count: then one event at this LSN is known to be through.
    position.eventsAtLsn = integer(stored['lsn_events_processed']) ?? (isEvent(position.messageType) ? 1 : 0)
    return position
  }

  static afterSnapshot(lsn: Lsn, txId: number, tsUsec: number): StreamPosition {
    const position = new StreamPosition()
    position.lsn = lsn
    position.txId = txId
    position.tsUsec = tsUsec
    return position
  }

  copy(): StreamPosition {
    return Object.assign(new StreamPosition(), this)
  }

  begin(lsn: Lsn, xid: number, tsUsec: number): void {
    this.lsn = lsn
    this.txId = xid
    this.tsUsec = tsUsec
    this.messageType = 'BEGIN'
    this.eventsAtLsn = 0
  }

  /** A row, a truncated table or a transactional message. */
  event(lsn: Lsn, type: MessageType): void {
    this.eventsAtLsn = this.lsn === lsn && this.messageType !== 'COMMIT' ? this.eventsAtLsn + 1 : 1
    this.lsn = lsn
    if (type !== 'MESSAGE') this.lsnProc = lsn
    this.messageType = type
  }

  commit(endLsn: Lsn): void {
    this.lsn = endLsn
    this.lsnProc = endLsn
    this.lsnCommit = endLsn
    this.messageType = 'COMMIT'
    this.eventsAtLsn = 0
  }

  /** A logical message outside of transactions. */
  message(lsn: Lsn): void {
    this.lsn = lsn
    this.lsnProc = lsn
    this.lsnCommit = lsn
    this.txId = undefined
    this.messageType = 'MESSAGE'
    this.eventsAtLsn = 0
  }

  /** Field order as Debezium writes it. Every event makes one: the commonest shapes are literals. */
  offset(): SourceOffset {
    const { lsnProc, lsnCommit, lsn, txId, tsUsec, messageType } = this
    if (this.eventsAtLsn > 0 && lsnProc !== undefined && txId !== undefined) {
      return lsnCommit === undefined
        ? {
            lsn_proc: lsnProc,
            lsn_events_processed: this.eventsAtLsn,
            messageType: messageType!,
            lsn: lsn!,
            txId,
            ts_usec: tsUsec!,
          }
        : {
            lsn_proc: lsnProc,
            lsn_events_processed: this.eventsAtLsn,
            messageType: messageType!,
            lsn_commit: lsnCommit,
            lsn: lsn!,
            txId,
            ts_usec: tsUsec!,
          }
    }
    return {
      ...(lsnProc === undefined ? {} : { lsn_proc: lsnProc }),
      ...(this.eventsAtLsn === 0 ? {} : { lsn_events_processed: this.eventsAtLsn }),
      ...(messageType === undefined ? {} : { messageType }),
      ...(lsnCommit === undefined ? {} : { lsn_commit: lsnCommit }),
      ...(lsn === undefined ? {} : { lsn }),
      ...(txId === undefined ? {} : { txId }),
      ...(tsUsec === undefined ? {} : { ts_usec: tsUsec }),
    }
  }
}

/** Offset of snapshot rows; `last`: of the row that ends the snapshot. */
export function snapshotOffset(at: { lsn: Lsn; txId: number; tsUsec: number }, last: boolean): SourceOffset {
  return {
    last_snapshot_record: last,
    lsn: at.lsn,
    txId: at.txId,
    ts_usec: at.tsUsec,
    snapshot: 'INITIAL',
    snapshot_completed: last,
  }
}

/** Releases 2.x wrote `snapshot: true`; incremental snapshots run beside the stream and do not count here. */
export function isUnfinishedSnapshot(stored: SourceOffset): boolean {
  const snapshot = stored['snapshot']
  if (snapshot === undefined || snapshot === null || snapshot === false || snapshot === 'INCREMENTAL') return false
  return stored['snapshot_completed'] !== true && stored['last_snapshot_record'] !== true
}

/** What may be confirmed to the server once this offset is durable; undefined: nothing. */
export function confirmable(offset: SourceOffset): Lsn | undefined {
  const commit = integer(offset['lsn_commit'])
  if (commit !== undefined) return commit
  return offset['snapshot_completed'] === true ? integer(offset['lsn']) : undefined
}

function integer(value: SourceOffset[string] | undefined): number | undefined {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined
}

function isEvent(type: MessageType | undefined): boolean {
  return type === 'INSERT' || type === 'UPDATE' || type === 'DELETE' || type === 'TRUNCATE' || type === 'MESSAGE'
}
