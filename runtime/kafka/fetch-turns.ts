import type { FetchState } from './fetch-state.ts'
import type { FetchedRecord } from './records/fetched-record.ts'

/** Hands out what is fetched from one partition after another, beginning with another one each time, so that none starves. */
export class FetchTurns {
  #turn = 0

  /** Undefined: nothing there; empty: positions moved without records. Throws CorruptBatchError. */
  take(partitions: Iterable<FetchState>, max: number, checkCrc: boolean): readonly FetchedRecord[] | undefined {
    const states = [...partitions]
    let first: readonly FetchedRecord[] | undefined
    let all: FetchedRecord[] | undefined
    let count = 0
    let moved = false
    const turn = this.#turn++
    for (let i = 0; i < states.length && count < max; i++) {
      const state = states[(turn + i) % states.length]!
      if (state.paused) continue
      for (let taken = state.take(max - count, checkCrc); taken !== undefined;) {
        moved = true
        count += taken.length
        if (first === undefined || first.length === 0) first = taken
        else if (taken.length > 0) {
          all ??= [...first]
          for (const record of taken) all.push(record)
        }
        if (count >= max) break
        taken = state.take(max - count, checkCrc)
      }
    }
    return moved ? (all ?? first) : undefined
  }
}
