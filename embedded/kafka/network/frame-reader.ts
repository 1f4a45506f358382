/** Cuts a byte stream into requests: four bytes of size, then that many bytes. */
const SIZE_BYTES = 4

export class FrameReader {
  readonly #limit: number
  readonly #onFrame: (frame: Buffer) => void
  readonly #size = Buffer.alloc(SIZE_BYTES)
  #sizeFilled = 0
  #frame: Buffer | undefined
  #filled = 0

  constructor(options: { readonly limitBytes: number; readonly onFrame: (frame: Buffer) => void }) {
    this.#limit = options.limitBytes
    this.#onFrame = options.onFrame
  }

  /** Calls back for each whole frame, without its size. A frame may be a view of `chunk`. Throws on an impossible size. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#frame !== undefined) {
        at += this.#fill(this.#frame, chunk, at)
        continue
      }
      const needed = SIZE_BYTES - this.#sizeFilled
      const copied = chunk.copy(this.#size, this.#sizeFilled, at, Math.min(chunk.length, at + needed))
      this.#sizeFilled += copied
      at += copied
      if (this.#sizeFilled < SIZE_BYTES) return
      this.#sizeFilled = 0
      at += this.#begin(this.#size.readInt32BE(0), chunk, at)
    }
  }

  #begin(size: number, chunk: Buffer, at: number): number {
    if (size < 0 || size > this.#limit) throw new RangeError(`a request of ${size} bytes`)
    if (chunk.length - at >= size) {
      this.#onFrame(chunk.subarray(at, at + size))
      return size
    }
    this.#frame = Buffer.allocUnsafeSlow(size)
    this.#filled = 0
    return 0
  }

  #fill(frame: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(frame, this.#filled, at, Math.min(chunk.length, at + frame.length - this.#filled))
    this.#filled += copied
    if (this.#filled === frame.length) {
      this.#frame = undefined
      this.#onFrame(frame)
    }
    return copied
  }
}
