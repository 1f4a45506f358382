import type { Socket } from 'node:net'
import type pg from 'pg'
import { CONNECTION_LOST, PostgresError } from './postgres-error.ts'

const FULL_READ = 64 * 1024
const BACK_TO_BACK_MS = 2
const PACE_MS = 1
const HIGH_WATER = 1024 * 1024

/**
 * The raw protocol stream of a connection, taken from pg for as long as bytes are to be read without objects between: COPY and
 * replication. The reader pulls: `buffer[start..end)` is what has arrived, `fill(n)` waits until at least n bytes are there.
 *
 * Pacing: a walsender writes every message with its own send(), so that each read would return one row and cost one turn of the
 * event loop on both sides. When small reads arrive back to back the socket rests for a millisecond; after a pause in the
 * traffic the first bytes pass at once. bench/cdc prints what it brings.
 */
export class WireStream {
  buffer: Buffer = Buffer.alloc(0)
  start = 0
  end = 0

  readonly #socket: Socket
  readonly #pgListeners: readonly ((...args: unknown[]) => void)[]
  readonly #pace: boolean
  #chunks: Buffer[] = []
  #queuedBytes = 0
  #lastChunkAt = 0
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #paceTimer: NodeJS.Timeout | undefined
  #held = false

  private constructor(socket: Socket, pace: boolean) {
    this.#socket = socket
    this.#pace = pace
    this.#pgListeners = socket.listeners('data') as ((...args: unknown[]) => void)[]
    socket.removeAllListeners('data')
    socket.on('data', this.#onData)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** `client` must be idle: no query running. */
  static take(client: pg.Client, options: { readonly pace?: boolean } = {}): WireStream {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
    return new WireStream(stream, options.pace === true)
  }

  /** Give the stream back to pg. Everything up to ReadyForQuery must have been read. */
  release(): void {
    clearTimeout(this.#paceTimer)
    this.#socket.off('data', this.#onData)
    this.#socket.off('error', this.#onError)
    this.#socket.off('close', this.#onClose)
    for (const listener of this.#pgListeners) this.#socket.on('data', listener)
    this.#socket.resume()
  }

  /** Cut the connection: what is under way ends with an error. */
  destroy(): void {
    clearTimeout(this.#paceTimer)
    this.#socket.destroy()
  }

  write(bytes: Buffer): void {
    if (this.#failure === undefined && this.#socket.writable) this.#socket.write(bytes)
  }

  /** Simple query protocol. */
  query(sql: string): void {
    const text = Buffer.from(`${sql}\0`, 'utf8')
    const message = Buffer.allocUnsafe(5 + text.length)
    message[0] = 0x51
    message.writeInt32BE(4 + text.length, 1)
    text.copy(message, 5)
    this.write(message)
  }

  /** Answered without waiting when that much has arrived already. */
  fillNow(bytes: number): boolean {
    if (this.end - this.start >= bytes) return true
    const rest = this.end - this.start
    if (rest + this.#queuedBytes < bytes || this.#queuedBytes === 0) return false
    if (rest === 0 && this.#chunks[0]!.length >= bytes) {
      this.buffer = this.#chunks.shift()!
      this.#queuedBytes -= this.buffer.length
      this.start = 0
      this.end = this.buffer.length
    } else {
      this.#gather(bytes, rest)
    }
    if (this.#held && this.#queuedBytes < HIGH_WATER / 2) {
      this.#held = false
      this.#socket.resume()
    }
    return true
  }

  /** At least `bytes` bytes from `start`, contiguous; false: aborted. Throws when the connection is lost. */
  async fill(bytes: number, signal?: AbortSignal): Promise<boolean> {
    while (!this.fillNow(bytes)) {
      if (signal?.aborted === true) return false
      if (this.#failure !== undefined) throw this.#failure
      if (this.#held) {
        // one frame larger than the high-water mark
        this.#held = false
        this.#socket.resume()
      }
      await this.#arrival(signal)
    }
    return true
  }

  async #arrival(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal?.addEventListener('abort', resolve as () => void, { once: true })
    await promise
    signal?.removeEventListener('abort', resolve as () => void)
  }

  /** A frame that lies across chunks gets a buffer of its own, so that whole chunks are never copied. */
  #gather(bytes: number, rest: number): void {
    const joined = Buffer.allocUnsafe(bytes)
    this.buffer.copy(joined, 0, this.start, this.end)
    let filled = rest
    while (filled < bytes) {
      const chunk = this.#chunks[0]!
      const taken = Math.min(chunk.length, bytes - filled)
      chunk.copy(joined, filled, 0, taken)
      filled += taken
      this.#queuedBytes -= taken
      if (taken === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(taken)
    }
    this.buffer = joined
    this.start = 0
    this.end = bytes
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes > HIGH_WATER) {
      this.#held = true
      this.#socket.pause()
    } else if (this.#pace) {
      const now = performance.now()
      if (chunk.length < FULL_READ && now - this.#lastChunkAt < BACK_TO_BACK_MS) this.#rest()
      this.#lastChunkAt = now
    }
    this.#wake?.()
  }

  #rest(): void {
    this.#socket.pause()
    this.#paceTimer = setTimeout(() => {
      this.#lastChunkAt = performance.now()
      if (!this.#held) this.#socket.resume()
    }, PACE_MS)
  }

  readonly #onError = (error: Error): void => {
    this.#fail(
      new PostgresError(`connection to the server failed: ${error.message}`, CONNECTION_LOST, { cause: error }),
    )
  }

  readonly #onClose = (): void => {
    this.#fail(new PostgresError('the server closed the connection', CONNECTION_LOST))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
