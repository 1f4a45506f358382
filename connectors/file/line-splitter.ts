export interface Line {
  readonly text: string
  /** Position in the stream, in bytes, after the line and its end. */
  readonly end: number
}

const LF = 0x0a
const CR = 0x0d

/**
 * Cuts UTF-8 bytes into lines that end with `\n`, `\r\n` or `\r`. A lone `\r` at the end waits for the next byte, an incomplete line for its end.
 *
 * Known difference from Connect, which counts decoded characters and skips bytes: positions are bytes, so that a file with other than ASCII
 * characters continues at the right place.
 */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)
  /** Position of the first byte of `#rest`. */
  #position: number

  constructor(position: number) {
    this.#position = position
  }

  push(chunk: Buffer): Line[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: Line[] = []
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== LF && byte !== CR) continue
      if (byte === CR && at + 1 === bytes.length) break
      const next = byte === CR && bytes[at + 1] === LF ? at + 2 : at + 1
      lines.push({ text: bytes.toString('utf8', start, at), end: this.#position + next })
      start = next
      at = next - 1
    }
    // A copy: the chunk belongs to the reader.
    this.#rest = Buffer.from(bytes.subarray(start))
    this.#position += start
    return lines
  }
}
