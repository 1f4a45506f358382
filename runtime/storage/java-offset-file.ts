import { ConnectError } from '../api/errors.ts'

/** What FileOffsetBackingStore keeps: the bytes of offset keys and values. A null value is a removed offset. */
export interface OffsetFileEntry {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/*
 * The one shape of Java's object serialisation that FileOffsetBackingStore writes, a HashMap<byte[], byte[]>
 * (Java Object Serialization Specification, chapter 6):
 *
 *   ac ed 00 05                                        stream header
 *   73 72 "java.util.HashMap" uid 03 2 fields 78 70    the object and its class        handles 0 and 1
 *   loadFactor, threshold                              its fields
 *   77 08 buckets, size                                what writeObject wrote …
 *   { array | 71 handle | 70 }                         … key, value, key, value, …
 *   78
 *
 *   array: 75, then 72 "[B" uid 02 0 fields 78 70 the first time (handle 2) and 71 00 7e 00 02 after it, then length and bytes
 */
const HEADER = 0xaced0005
const NULL = 0x70
const REFERENCE = 0x71
const CLASS = 0x72
const OBJECT = 0x73
const ARRAY = 0x75
const BLOCK = 0x77
const END = 0x78
const FIRST_HANDLE = 0x7e0000

const HASH_MAP = classDescription('java.util.HashMap', '0507dac1c31660d1', 0x03, [
  ['F', 'loadFactor'],
  ['I', 'threshold'],
])
const BYTES = classDescription('[B', 'acf317f8060854e0', 0x02, [])
/** By the order of the classes in the stream. */
const BYTES_HANDLE = FIRST_HANDLE + 2

const LOAD_FACTOR = 0.75
const SMALLEST_TABLE = 16

/** Reads the bytes of an offset file. Throws ConnectError, without the file's name, when they are anything else. */
export function readJavaOffsets(file: Uint8Array): readonly OffsetFileEntry[] {
  return new Stream(file).map()
}

/** True for a file that Java's object serialisation wrote, whatever is in it. */
export function isJavaSerialized(file: Uint8Array): boolean {
  return file.length >= 4 && Buffer.from(file.buffer, file.byteOffset, 4).readUInt32BE() === HEADER
}

/** The bytes that a Java worker would write for these entries, in this order. */
export function javaOffsets(entries: readonly OffsetFileEntry[]): Buffer {
  let table = SMALLEST_TABLE
  while (entries.length > table * LOAD_FACTOR) table *= 2
  const threshold = entries.length === 0 ? 0 : table * LOAD_FACTOR
  const parts: Uint8Array[] = [
    uint32(HEADER),
    Buffer.from([OBJECT]),
    HASH_MAP,
    float32(LOAD_FACTOR),
    uint32(threshold),
    Buffer.from([BLOCK, 8]),
    uint32(table),
    uint32(entries.length),
  ]
  let known = false
  for (const bytes of entries.flatMap(({ key, value }) => [key, value])) {
    if (bytes === null) parts.push(Buffer.from([NULL]))
    else {
      parts.push(Buffer.from([ARRAY]), known ? reference(BYTES_HANDLE) : BYTES, uint32(bytes.length), bytes)
      known = true
    }
  }
  return Buffer.concat([...parts, Buffer.from([END])])
}

class Stream {
  readonly #bytes: Buffer
  /** Objects by handle; class descriptions stand for nothing that could be referred to as a value. */
  readonly #handles: (Buffer | 'bytes class' | 'other')[] = []
  #at = 0

  constructor(file: Uint8Array) {
    this.#bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  }

  map(): readonly OffsetFileEntry[] {
    if (this.#uint32() !== HEADER) throw foreign('it does not begin as a Java object stream')
    this.#expect(OBJECT, 'an object')
    this.#expectClass(HASH_MAP, 'a java.util.HashMap')
    this.#handles.push('other', 'other')
    this.#take(8) // loadFactor and threshold
    this.#expect(BLOCK, "the map's own data")
    if (this.#take(1)[0] !== 8) throw foreign('the map has data that is not its size')
    this.#uint32() // buckets
    const entries: OffsetFileEntry[] = []
    for (let left = this.#uint32(); left > 0; left--) entries.push({ key: this.#array(), value: this.#array() })
    this.#expect(END, 'the end of the map')
    return entries
  }

  #array(): Buffer | null {
    const tag = this.#take(1)[0]
    switch (tag) {
      case NULL:
        return null
      case REFERENCE: {
        const known = this.#handles[this.#uint32() - FIRST_HANDLE]
        if (Buffer.isBuffer(known)) return known
        throw foreign('it refers to something that is not a byte array')
      }
      case ARRAY: {
        this.#arrayClass()
        const bytes = Buffer.from(this.#take(this.#uint32()))
        this.#handles.push(bytes)
        return bytes
      }
      default:
        throw foreign('the map holds other things than byte arrays')
    }
  }

  #arrayClass(): void {
    if (this.#bytes[this.#at] !== REFERENCE) {
      this.#expectClass(BYTES, 'an array of bytes')
      this.#handles.push('bytes class')
      return
    }
    this.#at++
    if (this.#handles[this.#uint32() - FIRST_HANDLE] !== 'bytes class')
      throw foreign('the map holds other things than byte arrays')
  }

  #expect(tag: number, what: string): void {
    if (this.#take(1)[0] !== tag) throw foreign(`${what} was expected at byte ${this.#at - 1}`)
  }

  #expectClass(description: Buffer, what: string): void {
    if (!this.#take(description.length).equals(description)) throw foreign(`${what} was expected`)
  }

  #uint32(): number {
    return this.#take(4).readUInt32BE()
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    if (taken.length < length) throw foreign('it ends in the middle')
    this.#at += length
    return taken
  }
}

function foreign(why: string): ConnectError {
  return new ConnectError(`it is not what Kafka Connect writes for a map of offsets: ${why}`)
}

function classDescription(
  name: string,
  uid: string,
  flags: number,
  fields: readonly (readonly [type: string, name: string])[],
): Buffer {
  const count = Buffer.from([flags, 0, fields.length])
  const declared = fields.map(([type, field]) => Buffer.concat([Buffer.from(type, 'latin1'), utf(field)]))
  return Buffer.concat([
    ...[Buffer.from([CLASS]), utf(name), Buffer.from(uid, 'hex'), count, ...declared],
    Buffer.from([END, NULL]),
  ])
}

function utf(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return bytes
}

function reference(handle: number): Buffer {
  return Buffer.concat([Buffer.from([REFERENCE]), uint32(handle)])
}
