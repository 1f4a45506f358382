import type { SourceOffset } from 'naru/api'
import type { Lsn } from '../postgres/lsn.ts'
import { confirmable } from '../source-offset.ts'

/**
 * What the server may forget. Invariant 1: nothing but what is durable in Kafka.
 *
 * The end of the last transaction that was committed downstream counts, and, when nothing is under way, everything that was
 * received without becoming an event: without that a quiet table beside busy ones would hold back WAL for ever.
 */
export class FlushPosition {
  #confirmed: Lsn = 0
  #reached: Lsn = 0
  #emitted: SourceOffset | undefined
  #idle = true

  /** An event with this offset was handed to the queue. */
  emitted(offset: SourceOffset): void {
    this.#emitted = offset
    this.#idle = false
  }

  /** Everything before `lsn` was received and turned into events; only called between transactions. */
  reached(lsn: Lsn): void {
    if (lsn > this.#reached) this.#reached = lsn
  }

  /** This offset, and so every one before it, is durable. */
  committed(offset: SourceOffset): void {
    const lsn = confirmable(offset)
    if (lsn !== undefined && lsn > this.#confirmed) this.#confirmed = lsn
    if (this.#emitted !== undefined && sameOffset(offset, this.#emitted)) this.#idle = true
  }

  /** Never goes back. */
  get lsn(): Lsn {
    if (this.#idle && this.#reached > this.#confirmed) this.#confirmed = this.#reached
    return this.#confirmed
  }
}

/** Offsets may come back as copies. */
function sameOffset(a: SourceOffset, b: SourceOffset): boolean {
  if (a === b) return true
  const keys = Object.keys(b)
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] == b[key]) // number or bigint
}
