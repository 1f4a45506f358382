import { ByteWriter } from 'naru/api'

/** Uncompressed bytes that are handed to the compressor at once. */
export const BLOCK_BYTES = 256 * 1024

const KEPT = 16

/** Block buffers come back after compression: at full speed none is allocated. */
export class BlockPool {
  readonly #free: ByteWriter[] = []

  /** For an object that goes on filling blocks. */
  take(): ByteWriter {
    return this.#free.pop() ?? this.small()
  }

  /** For an object that begins or waits: thousands may be open with a few records each. */
  small(): ByteWriter {
    return new ByteWriter(2 * 1024)
  }

  give(block: ByteWriter): void {
    block.reset()
    const { length } = block.buffer
    if (length >= BLOCK_BYTES && length <= 4 * BLOCK_BYTES && this.#free.length < KEPT) this.#free.push(block)
  }
}
