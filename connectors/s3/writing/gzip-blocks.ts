import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

const deflate = promisify(deflateRaw)

/** mtime 0, no name, XFL 0, operating system unknown (0xff): the header that Java's GZIPOutputStream writes since JDK 16. */
const HEADER = Buffer.from('1f8b08000000000000ff', 'hex')

/**
 * One gzip member made of blocks that are compressed independently on the thread pool: each ends on a byte boundary (Z_SYNC_FLUSH),
 * so that their outputs concatenate to one deflate stream; the last one ends the stream. An object of one block has exactly the
 * bytes that zlib gives for the whole.
 */
export class GzipBlocks {
  readonly #level: number
  #crc = 0
  #size = 0
  #started = false

  constructor(level: number) {
    this.#level = level
  }

  /** Starts compressing; `raw` must not change until it is done. Call in the order of the bytes; results may come in any. */
  compress(raw: Buffer, isLast: boolean): Promise<readonly Buffer[]> {
    this.#crc = crc32(raw, this.#crc)
    this.#size += raw.length
    const before = this.#started ? [] : [HEADER]
    this.#started = true
    const after = isLast ? [this.#trailer()] : []
    const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH
    const chunkSize = Math.max(64, Math.min(256 * 1024, (raw.length >> 1) + 64))
    return deflate(raw, { level: this.#level, finishFlush, chunkSize }).then((body) => [
      ...before,
      compact(body),
      ...after,
    ])
  }

  #trailer(): Buffer {
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(this.#crc >>> 0, 0)
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4)
    return trailer
  }
}

/** zlib answers with a view of its output buffer, which would be kept whole for the few bytes that wait for their upload. */
function compact(body: Buffer): Buffer {
  return body.buffer.byteLength > body.length * 1.25 ? Buffer.from(body) : body
}
