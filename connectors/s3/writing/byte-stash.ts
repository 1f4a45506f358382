import { appendFile, readFile, rm } from 'node:fs/promises'

/** Finished bytes that wait for their upload, in memory or, after `spill`, in a temporary file. */
export class ByteStash {
  #chunks: Buffer[] = []
  #inMemory = 0
  #spilled = 0
  #file: string | undefined

  get size(): number {
    return this.#inMemory + this.#spilled
  }

  get inMemory(): number {
    return this.#inMemory
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#inMemory += chunk.length
  }

  /** Moves what is in memory to the end of `file`; later calls must name the same file. Answers the bytes moved. */
  async spill(file: string): Promise<number> {
    const chunks = this.#chunks
    const moved = this.#inMemory
    this.#file = file
    await appendFile(file, Buffer.concat(chunks))
    this.#chunks = []
    this.#inMemory = 0
    this.#spilled += moved
    return moved
  }

  /** Everything, as one buffer. */
  async load(): Promise<Buffer> {
    const before = this.#file === undefined ? [] : [await readFile(this.#file)]
    const all = [...before, ...this.#chunks]
    const whole = all.length === 1 && all[0] ? all[0] : Buffer.concat(all)
    // the pieces are garbage from here on, not when the upload is done
    if (this.#file === undefined) this.#chunks = [whole]
    return whole
  }

  async drop(): Promise<void> {
    this.#chunks = []
    this.#inMemory = 0
    if (this.#file !== undefined) await rm(this.#file, { force: true })
  }
}
