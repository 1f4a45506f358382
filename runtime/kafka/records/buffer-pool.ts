/** Buffers used again instead of being made: fresh memory costs page faults and garbage collections. */
export class BufferPool {
  readonly #free: Buffer[] = []
  readonly #limit: number
  #held = 0

  /** `limit`: bytes kept while nobody uses them. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** At least `size` bytes, with whatever was in them. */
  take(size: number): Buffer {
    const at = this.#free.findIndex((buffer) => buffer.length >= size)
    if (at < 0) return Buffer.allocUnsafeSlow(size)
    const [buffer] = this.#free.splice(at, 1) as [Buffer]
    this.#held -= buffer.length
    return buffer
  }

  /** Nobody else may look at it any more. */
  give(buffer: Buffer): void {
    if (this.#held + buffer.length > this.#limit) return
    this.#held += buffer.length
    this.#free.push(buffer)
  }
}
