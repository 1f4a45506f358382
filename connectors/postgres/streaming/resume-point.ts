import type { Lsn } from '../postgres/lsn.ts'
import type { StreamPosition } from '../source-offset.ts'

/**
 * Which events of a replayed stream were delivered before. The server repeats whole transactions, in commit order, beginning
 * with the first that commits after the requested LSN. Asking for the end of the last complete one leaves at most one that was
 * begun; its events are known by LSN and number at the LSN, which do not depend on filters. Wrongly skipping would lose an
 * event, so everything uncertain is delivered again.
 *
 * Debezium searches the replay for the LSN, transfers it twice and may skip rows that share an LSN.
 */
export class ResumePoint {
  readonly #xid: number | undefined
  readonly #lsn: Lsn
  readonly #events: number
  readonly #message: Lsn | undefined
  /** For START_REPLICATION; 0: wherever the slot stands. */
  readonly start: Lsn

  constructor(position: StreamPosition | undefined) {
    this.start = position?.lsnCommit ?? position?.lsnProc ?? position?.lsn ?? 0
    const inside = position?.messageType !== undefined && position.messageType !== 'COMMIT'
    this.#xid = inside ? position.txId : undefined
    this.#lsn = position?.lsn ?? 0
    this.#events = position?.eventsAtLsn ?? 0
    this.#message = inside && position.txId === undefined ? position.lsn : undefined
  }

  /** Event number `nth` (from 1) at `lsn` in transaction `xid`. */
  delivered(xid: number, lsn: Lsn, nth: number): boolean {
    return xid === this.#xid && (lsn < this.#lsn || (lsn === this.#lsn && nth <= this.#events))
  }

  /** A logical message outside of transactions. */
  messageDelivered(lsn: Lsn): boolean {
    return this.#message !== undefined && lsn <= this.#message
  }
}
