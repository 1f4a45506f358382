import { ATTRIBUTES } from './records/record-batch.ts'
import type { BatchHeader } from './records/record-batch.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/**
 * Tells which batches of a fetch response belong to aborted transactions (isolation.level=read_committed). The broker lists them with
 * their first offsets; the control batch of the producer ends each (KIP-98, "Consumer").
 */
export class AbortedTransactions {
  readonly #upcoming: AbortedTransaction[]
  readonly #running = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#upcoming = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset)
  }

  /** To be asked for each batch in order of offsets. */
  contains(batch: BatchHeader): boolean {
    for (
      let next = this.#upcoming.at(-1);
      next !== undefined && next.firstOffset <= batch.lastOffset;
      next = this.#upcoming.at(-1)
    ) {
      this.#running.add(next.producerId)
      this.#upcoming.pop()
    }
    if ((batch.attributes & ATTRIBUTES.transactional) === 0) return false
    if ((batch.attributes & ATTRIBUTES.control) !== 0) {
      this.#running.delete(batch.producerId)
      return false
    }
    return this.#running.has(batch.producerId)
  }
}
