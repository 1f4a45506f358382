import { Deferred } from '../async/deferred.ts'
import { abortable } from '../async/abort.ts'

/** A budget of bytes with a queue of those who wait for room: back-pressure, first come first served. */
export class BufferMemory {
  readonly #total: number
  readonly #waiting: Deferred[] = []
  #used = 0

  constructor(total: number) {
    this.#total = total
  }

  get used(): number {
    return this.#used
  }

  get contended(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes `size` if there is room and nobody waits. A size beyond the total passes when everything is free. */
  tryTake(size: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(size)) return false
    this.#used += size
    return true
  }

  /** Rejects with the signal's reason. */
  async take(size: number, signal: AbortSignal): Promise<void> {
    while (this.#waiting.length > 0 || !this.#fits(size)) {
      const turn = new Deferred()
      this.#waiting.push(turn)
      try {
        await abortable(turn.promise, signal)
      } catch (error) {
        const at = this.#waiting.indexOf(turn)
        if (at >= 0) this.#waiting.splice(at, 1)
        else this.#wake() // it was our turn: pass it on
        throw error
      }
      if (this.#fits(size)) break
    }
    this.#used += size
    this.#wake()
  }

  give(size: number): void {
    this.#used -= size
    this.#wake()
  }

  #fits(size: number): boolean {
    return this.#used === 0 || this.#used + size <= this.#total
  }

  #wake(): void {
    if (this.#used < this.#total) this.#waiting.shift()?.resolve()
  }
}
