/** Up to so many bytes a loop is faster than a call into the runtime. */
const SHORT = 24
const MAX_INT32 = 2 ** 31 - 1

/**
 * A growing byte buffer for the hot path: values are appended, never concatenated. The owner reuses one writer for a whole
 * batch and copies or hands out `view(start, end)`; a view stays valid until the writer is reset or has grown past it.
 */
export class ByteWriter {
  buffer: Buffer
  length = 0

  constructor(capacity = 64 * 1024) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
  }

  /** Make room for `size` more bytes; `buffer` may be a new one afterwards. */
  reserve(size: number): void {
    const need = this.length + size
    if (need <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }

  byte(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1)
    this.buffer[this.length++] = value
  }

  bytes(value: Uint8Array): void {
    const size = value.length
    this.reserve(size)
    if (size > SHORT) this.buffer.set(value, this.length)
    else {
      const { buffer, length } = this
      for (let i = 0; i < size; i++) buffer[length + i] = value[i]!
    }
    this.length += size
  }

  /** Bytes `start`..`end` of `source`, without making a view first. */
  slice(source: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    source.copy(this.buffer, this.length, start, end)
    this.length += end - start
  }

  /** ASCII only: one byte per character. */
  ascii(value: string): void {
    const size = value.length
    this.reserve(size)
    if (size > SHORT) this.length += this.buffer.latin1Write(value, this.length)
    else {
      const { buffer, length } = this
      for (let i = 0; i < size; i++) buffer[length + i] = value.charCodeAt(i)
      this.length += size
    }
  }

  /** The decimal digits of a safe integer. */
  integer(value: number): void {
    this.reserve(17)
    const { buffer } = this
    let rest = value
    if (rest < 0) {
      buffer[this.length++] = 0x2d
      rest = -rest
    }
    if (rest > MAX_INT32) {
      this.ascii(String(rest))
      return
    }
    // 32 bit arithmetic from here: the last digit first
    rest |= 0
    let end = this.length + 1
    for (let bound = 10; rest >= bound && end < this.length + 10; bound *= 10) end++
    this.length = end
    do {
      const tenth = (rest / 10) | 0
      buffer[--end] = 0x30 + (rest - tenth * 10)
      rest = tenth
    } while (rest > 0)
  }

  utf8(value: string): void {
    this.reserve(value.length * 3)
    this.length += this.buffer.utf8Write(value, this.length)
  }

  view(start = 0, end = this.length): Buffer {
    return this.buffer.subarray(start, end)
  }

  copy(start = 0, end = this.length): Buffer {
    const out = Buffer.allocUnsafe(end - start)
    this.buffer.copy(out, 0, start, end)
    return out
  }

  reset(): void {
    this.length = 0
  }
}

declare global {
  // Node has these fast single-encoding writers at run time; its type package leaves them out.
  interface Buffer {
    latin1Write(value: string, offset?: number, length?: number): number
    utf8Write(value: string, offset?: number, length?: number): number
  }
}
