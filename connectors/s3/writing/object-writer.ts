import type { ByteWriter, SinkRecord } from 'naru/api'
import type { RecordFormat } from '../formats/record-format.ts'
import { BLOCK_BYTES } from './block-pool.ts'
import { ByteStash } from './byte-stash.ts'
import { GzipBlocks } from './gzip-blocks.ts'
import { MIN_PART_BYTES, ObjectUpload } from './object-upload.ts'
import type { UploadEnvironment } from './upload-environment.ts'

/** What an open object costs besides its bytes; counted so that very many tiny ones are bounded too. */
export const OVERHEAD_BYTES = 4096

/** When a finished object may enter the store. */
export interface Turn {
  /** Rejects when it never may. */
  readonly comes: Promise<unknown>
  /** More records must come first: its memory is wanted for them. */
  readonly isFar: boolean
}

/**
 * One open object: records are appended to a block; full blocks are compressed on the thread pool and gather until they make a
 * part. Nothing here waits: `finish` resolves when S3 has the object.
 *
 *   records ─► block ─(256 KiB)─► compressed chunks ─(part size)─► ObjectUpload
 */
export class ObjectWriter {
  readonly #environment: UploadEnvironment
  readonly #format: RecordFormat
  readonly #upload: ObjectUpload
  readonly #gzip: GzipBlocks | undefined
  #block: ByteWriter
  /** Capacity of the block, as told to the budget. */
  #counted = 0
  #stash = new ByteStash()
  #spillFile: string | undefined
  /** Settles when all blocks cut so far are in the stash, in order. */
  #compressed: Promise<void> = Promise.resolve()

  constructor(key: string, format: RecordFormat, environment: UploadEnvironment, signal: AbortSignal) {
    this.#environment = environment
    this.#format = format
    this.#upload = new ObjectUpload(key, environment, signal)
    this.#gzip = environment.gzipLevel === undefined ? undefined : new GzipBlocks(environment.gzipLevel)
    this.#block = environment.blocks.small()
    environment.memory.add(OVERHEAD_BYTES)
    this.#count()
  }

  get key(): string {
    return this.#upload.key
  }

  /** Bytes held in memory, without those being compressed or uploaded. */
  get held(): number {
    return this.#counted + this.#stash.inMemory
  }

  /** Appends a record to the block. Throws DataError; then nothing was appended. */
  encode(record: SinkRecord): void {
    this.#format.write(record, this.#block)
  }

  /** Where the block ends: the argument of `truncate`, until `settle`. */
  get mark(): number {
    return this.#block.length
  }

  /** Takes back what was encoded since `mark`. */
  truncate(mark: number): void {
    this.#block.length = mark
  }

  /** Keeps what was encoded; a full block goes on its way. */
  settle(): void {
    if (this.#block.buffer.length !== this.#counted) this.#count()
    if (this.#block.length >= BLOCK_BYTES) this.#cut(this.#environment.blocks.take())
  }

  /** Gives memory back without ending the object: by a part sent early, or a temporary file. */
  async relieve(): Promise<void> {
    if (this.#block.length > 0) this.#cut(this.#environment.blocks.small())
    await this.#compressed
    if (this.#stash.size >= MIN_PART_BYTES) {
      this.#sendPart()
      return
    }
    await this.#spill()
  }

  /** Ends the object; resolves when it is in the store, which it enters after its turn. The writer must not be used any more. */
  async finish(turn?: Turn): Promise<void> {
    this.#cut(undefined)
    try {
      await this.#compressed
      if (turn?.isFar === true) await this.#spill()
      await turn?.comes.catch((error: unknown) => this.#giveUp(error))
      await this.#upload.finish(this.#takeStash())
    } finally {
      this.#environment.memory.add(-OVERHEAD_BYTES)
    }
  }

  /** Forgets the object. The signal given to the constructor must be aborted before. */
  async discard(): Promise<void> {
    await this.#compressed
    const { memory, blocks } = this.#environment
    memory.add(-OVERHEAD_BYTES - this.#counted - this.#stash.inMemory)
    blocks.give(this.#block)
    await this.#stash.drop()
    await this.#upload.abort()
  }

  /** Ended, but not to be stored. */
  async #giveUp(reason: unknown): Promise<never> {
    const stash = this.#takeStash()
    this.#environment.memory.add(-stash.inMemory)
    await stash.drop()
    await this.#upload.abort()
    throw reason
  }

  async #spill(): Promise<void> {
    if (this.#stash.inMemory === 0) return
    this.#spillFile ??= await this.#environment.spillFile()
    this.#environment.memory.add(-(await this.#stash.spill(this.#spillFile)))
  }

  /** Sends the block on its way and goes on with `next`; undefined: it was the last. */
  #cut(next: ByteWriter | undefined): void {
    const block = this.#block
    const held = this.#counted
    const { memory, blocks } = this.#environment
    this.#counted = 0
    if (next) {
      this.#block = next
      this.#count()
    }
    const take = (pieces: readonly Buffer[]): void => {
      let size = 0
      for (const piece of pieces) {
        this.#stash.push(piece)
        size += piece.length
      }
      blocks.give(block)
      memory.add(size - held)
      if (next) this.#sendFullPart()
    }
    if (!this.#gzip) {
      take(block.length === 0 ? [] : [block.copy()])
      return
    }
    const pieces = this.#gzip.compress(block.view(), next === undefined)
    const compressed = this.#compressed.then(async () => take(await pieces))
    compressed.catch(() => undefined) // reported by finish
    this.#compressed = compressed
  }

  #count(): void {
    const capacity = this.#block.buffer.length
    this.#environment.memory.add(capacity - this.#counted)
    this.#counted = capacity
  }

  #sendFullPart(): void {
    if (this.#stash.size >= this.#environment.partBytes) this.#sendPart()
  }

  #sendPart(): void {
    this.#upload.part(this.#takeStash())
  }

  #takeStash(): ByteStash {
    const stash = this.#stash
    this.#stash = new ByteStash()
    this.#spillFile = undefined
    return stash
  }
}
