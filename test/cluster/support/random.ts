/** A seeded generator (mulberry32), so that a failed run can be replayed. */
export class Random {
  readonly seed: number
  #state: number
  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }
  /** 0 ≤ x < 1 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  int(below: number): number {
    return Math.floor(this.next() * below)
  }
  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)] as T
  }
}
