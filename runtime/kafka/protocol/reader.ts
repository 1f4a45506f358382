const TWO_32 = 2 ** 32
const NIL_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The bytes end before the value does, or hold what the protocol does not allow. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

/**
 * Reads Kafka's primitive types from one flat buffer (https://kafka.apache.org/protocol#protocol_types). Byte values are views into it.
 * int64 comes as a number: offsets, timestamps and ids are safe integers.
 */
export class Reader {
  readonly #buffer: Buffer
  #offset: number

  constructor(buffer: Buffer, offset = 0) {
    this.#buffer = buffer
    this.#offset = offset
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  int64(): number {
    const at = this.#take(8)
    return this.#buffer.readInt32BE(at) * TWO_32 + this.#buffer.readUInt32BE(at + 4)
  }

  float64(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  /** Unsigned, at most 32 bits. */
  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer.readUInt8(this.#take(1))
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new MalformedError('a varint is longer than five bytes')
  }

  /** As Kafka prints it: 22 characters of URL-safe base64. */
  uuid(): string {
    const at = this.#take(16)
    const text = this.#buffer.toString('base64url', at, at + 16)
    return text === NIL_UUID ? NIL_UUID : text
  }

  /** -1 stands for null. */
  stringLength(flexible: boolean): number {
    return flexible ? this.uvarint() - 1 : this.int16()
  }

  /** -1 stands for null. */
  bytesLength(flexible: boolean): number {
    return flexible ? this.uvarint() - 1 : this.int32()
  }

  /** -1 stands for null. A length that cannot fit into what is left is refused before anything is allocated for it. */
  arrayLength(flexible: boolean): number {
    const length = flexible ? this.uvarint() - 1 : this.int32()
    if (length > this.remaining) throw new MalformedError(`an array of ${length} elements in ${this.remaining} bytes`)
    return length
  }

  utf8(length: number): string {
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  view(length: number): Buffer {
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  /** Classic types, for the payloads of the group protocols: int16 length and UTF-8. */
  string(): string {
    const length = this.int16()
    if (length < 0) throw new MalformedError('null in place of a string')
    return this.utf8(length)
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.utf8(length)
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? null : this.view(length)
  }

  skipTags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }

  #take(bytes: number): number {
    const at = this.#offset
    if (bytes < 0 || at + bytes > this.#buffer.length) {
      throw new MalformedError(`${bytes} bytes expected at ${at}, ${this.#buffer.length - at} are there`)
    }
    this.#offset = at + bytes
    return at
  }
}
