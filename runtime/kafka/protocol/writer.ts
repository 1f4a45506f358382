const TWO_32 = 2 ** 32
/** Byte values of this size on are taken over by reference instead of being copied. */
const REFERENCE_BYTES = 1024

/**
 * Writes Kafka's primitive types. Large byte values (record batches) are not copied: the result is a list of chunks, to be written to a
 * socket one after another, or joined by `toBuffer()`.
 */
export class Writer {
  #buffer: Buffer
  #start = 0
  #offset = 0
  #flushed = 0
  readonly #chunks: Buffer[] = []

  constructor(sizeHint = 256) {
    this.#buffer = Buffer.allocUnsafe(sizeHint)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#flushed + this.#offset - this.#start
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    this.#reserve(1)
    this.#offset = this.#buffer.writeInt8(value, this.#offset)
  }

  int16(value: number): void {
    this.#reserve(2)
    this.#offset = this.#buffer.writeInt16BE(value, this.#offset)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#offset = this.#buffer.writeInt32BE(value, this.#offset)
  }

  int64(value: number): void {
    this.#reserve(8)
    const high = Math.floor(value / TWO_32)
    this.#offset = this.#buffer.writeInt32BE(high, this.#offset)
    this.#offset = this.#buffer.writeUInt32BE(value - high * TWO_32, this.#offset)
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#offset = this.#buffer.writeDoubleBE(value, this.#offset)
  }

  uvarint(value: number): void {
    this.#reserve(5)
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#buffer[this.#offset++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.#offset++] = rest
  }

  uuid(value: string): void {
    this.raw(Buffer.from(value, 'base64url'))
  }

  /** -1 stands for null. */
  stringLength(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1)
    else this.int16(length)
  }

  /** -1 stands for null. */
  bytesLength(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1)
    else this.int32(length)
  }

  /** -1 stands for null. */
  arrayLength(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1)
    else this.int32(length)
  }

  utf8(text: string, length: number): void {
    this.#reserve(length)
    this.#offset += this.#buffer.write(text, this.#offset, length, 'utf8')
  }

  /** The bytes must stay as they are until the result is sent. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= REFERENCE_BYTES) {
      this.#flush()
      this.#chunks.push(asBuffer(bytes))
      this.#flushed += bytes.length
      return
    }
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#offset)
    this.#offset += bytes.length
  }

  append(other: Writer): void {
    for (const chunk of other.chunks()) this.raw(chunk)
  }

  /** Classic types, for the payloads of the group protocols: int16 length and UTF-8. */
  string(value: string): void {
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.utf8(value, length)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    this.int32(value === null ? -1 : value.length)
    if (value !== null) this.raw(value)
  }

  /** What was written, in order. */
  chunks(): readonly Buffer[] {
    this.#flush()
    return this.#chunks
  }

  toBuffer(): Buffer {
    const chunks = this.chunks()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #reserve(bytes: number): void {
    if (this.#offset + bytes <= this.#buffer.length) return
    // a full piece becomes a chunk; nothing is moved
    const size = Math.max(bytes, Math.min(this.#buffer.length * 2, 1 << 20))
    this.#flush()
    this.#buffer = Buffer.allocUnsafe(size)
    this.#start = 0
    this.#offset = 0
  }

  #flush(): void {
    if (this.#offset === this.#start) return
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#offset))
    this.#flushed += this.#offset - this.#start
    this.#start = this.#offset
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
