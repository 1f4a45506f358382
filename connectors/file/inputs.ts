import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { once } from 'node:events'
import { ConnectError } from 'naru/api'

/** Bytes as they come; empty: nothing new now. */
export interface Input {
  read(signal: AbortSignal): Promise<Buffer | 'missing'>
  close(): Promise<void>
}

const CHUNK = 64 * 1024

/** A file that may grow, from a byte position on. Opened when it is there. */
export class FileInput implements Input {
  readonly #path: string
  readonly #buffer = Buffer.allocUnsafe(CHUNK)
  #position: number
  #file: FileHandle | undefined

  constructor(path: string, position: number) {
    this.#path = path
    this.#position = position
  }

  /** The bytes are valid until the next read. */
  async read(): Promise<Buffer | 'missing'> {
    this.#file ??= await this.#open()
    if (this.#file === undefined) return 'missing'
    const { bytesRead } = await this.#file.read(this.#buffer, 0, CHUNK, this.#position)
    this.#position += bytesRead
    return this.#buffer.subarray(0, bytesRead)
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new ConnectError(`cannot open ${this.#path}: ${(error as Error).message}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}

/** The process's standard input. */
export class StandardInput implements Input {
  readonly #stream = createReadStream('', { fd: 0, autoClose: false, highWaterMark: CHUNK })

  async read(signal: AbortSignal): Promise<Buffer | 'missing'> {
    const chunk = this.#stream.read() as Buffer | null
    if (chunk !== null || this.#stream.readableEnded) return chunk ?? Buffer.alloc(0)
    try {
      await once(this.#stream, 'readable', { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return (this.#stream.read() as Buffer | null) ?? Buffer.alloc(0)
  }

  async close(): Promise<void> {
    this.#stream.destroy()
  }
}
