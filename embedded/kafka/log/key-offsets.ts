/** The last offset of each key in the dirty part of a log, in bounded memory. Long keys are kept as a hash, as in Kafka. */
import { createHash } from 'node:crypto'

/** About what an entry costs: the text, the map's slot, the number. */
const ENTRY_BYTES = 128
/** Longer ones are hashed; a hash is longer than any key that is not. */
const LONGEST_PLAIN_KEY = 31

export class KeyOffsets {
  readonly #offsets = new Map<string, number>()
  readonly #limit: number

  constructor(limitBytes: number) {
    this.#limit = Math.max(1, Math.floor(limitBytes / ENTRY_BYTES))
  }

  /** Whether `more` further keys might not find room. */
  hasRoomFor(more: number): boolean {
    return this.#offsets.size === 0 || this.#offsets.size + more <= this.#limit
  }

  set(key: Buffer, offset: number): void {
    this.#offsets.set(textOf(key), offset)
  }

  get(key: Buffer): number | undefined {
    return this.#offsets.get(textOf(key))
  }
}

function textOf(key: Buffer): string {
  return key.length <= LONGEST_PLAIN_KEY ? key.latin1Slice() : createHash('sha256').update(key).digest().latin1Slice()
}
