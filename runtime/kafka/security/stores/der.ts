/** Tags of ASN.1 that stores are made of. */
export const Tag = { INTEGER: 0x02, OCTETS: 0x04, OID: 0x06, SEQUENCE: 0x30, SET: 0x31, EXPLICIT_0: 0xa0 } as const

/** Reads DER values (X.690) one after another. Throws an Error that says what is not as expected; the bytes are not shown. */
export class Der {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get more(): boolean {
    return this.#at < this.#bytes.length
  }

  get nextTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  next(): { readonly tag: number; readonly value: Buffer } {
    const [tag, first] = [this.#bytes[this.#at], this.#bytes[this.#at + 1]]
    if (tag === undefined || first === undefined) throw endsEarly()
    this.#at += 2
    const length = first < 0x80 ? first : this.#longLength(first & 0x7f)
    const value = this.#bytes.subarray(this.#at, this.#at + length)
    if (value.length < length) throw endsEarly()
    this.#at += length
    return { tag, value }
  }

  sequence(): Der {
    return new Der(this.#expect(Tag.SEQUENCE))
  }

  set(): Der {
    return new Der(this.#expect(Tag.SET))
  }

  /** What the context tag `[0] EXPLICIT` encloses. */
  explicit(): Der {
    return new Der(this.#expect(Tag.EXPLICIT_0))
  }

  octets(): Buffer {
    return this.#expect(Tag.OCTETS)
  }

  /** Dotted: 1.2.840.113549.1.7.1 */
  oid(): string {
    return dotted(this.#expect(Tag.OID))
  }

  integer(): number {
    const value = this.#expect(Tag.INTEGER)
    if (value.length === 0 || value.length > 6) throw new Error('it has a number out of range')
    return value.readIntBE(0, value.length)
  }

  #longLength(bytes: number): number {
    if (bytes === 0) throw new Error('it is BER with indefinite lengths, not DER')
    if (bytes > 4 || this.#at + bytes > this.#bytes.length) throw endsEarly()
    const length = this.#bytes.readUIntBE(this.#at, bytes)
    this.#at += bytes
    return length
  }

  #expect(wanted: number): Buffer {
    const { tag, value } = this.next()
    if (tag !== wanted) throw new Error(`it has tag 0x${tag.toString(16)} where 0x${wanted.toString(16)} belongs`)
    return value
  }
}

function endsEarly(): Error {
  return new Error('it ends too early')
}

function dotted(bytes: Buffer): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    if (arcs.length === 0) {
      const top = Math.min(2, Math.floor(arc / 40))
      arcs.push(top, arc - top * 40)
    } else arcs.push(arc)
    arc = 0
  }
  return arcs.join('.')
}
