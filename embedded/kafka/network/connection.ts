/**
 * One client. Requests begin in the order they came, and are answered in that order; a request that waits (a fetch, a
 * join) holds back the answers behind it, as on any Kafka broker.
 */
import type { Socket } from 'node:net'

import type { Logger } from 'naru/api'

import type { SaslSession } from '../security/sasl-session.ts'
import { FrameReader } from './frame-reader.ts'
import type { Listener } from './listener.ts'

/** The parts of an answer, its four bytes of size included; 'none': nothing is sent; 'cut': the connection ends here. */
export type Answer = readonly Uint8Array[] | 'none' | 'cut'

export interface ConnectionOptions {
  readonly socket: Socket
  /** The address it came to: what the client is told to connect to. */
  readonly listener: Listener
  /** Undefined: the client need not say who it is. */
  readonly sasl: SaslSession | undefined
  readonly limitBytes: number
  readonly handle: (frame: Buffer, connection: Connection) => Promise<Answer>
  readonly logger: Logger
}

/** Requests begun and not answered, and their bytes, above which we stop reading. */
const MAX_IN_FLIGHT = 64
const MAX_BYTES_IN_FLIGHT = 32 << 20

export class Connection {
  readonly host: string
  readonly listener: Listener
  readonly sasl: SaslSession | undefined
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #closed = new AbortController()
  #inFlight = 0
  #bytesInFlight = 0
  #last: Promise<void> = Promise.resolve()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.socket
    this.listener = options.listener
    this.sasl = options.sasl
    this.host = options.socket.remoteAddress ?? ''
    const frames = new FrameReader({ limitBytes: options.limitBytes, onFrame: (frame) => this.#received(frame) })
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk)
      } catch (error) {
        options.logger.warn(`cutting ${this.host}: ${(error as Error).message}`)
        this.cut()
      }
    })
    this.#socket.on('drain', () => this.#readOn())
    this.#socket.on('error', () => this.#socket.destroy()) // a client that went away is no event of ours
    this.#socket.on('close', () => this.#closed.abort())
  }

  /** Aborts when the client is gone, or shall wait no longer. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Requests that wait for something are answered with what there is; nothing more is read. */
  stopWaiting(): void {
    this.#socket.pause()
    this.#closed.abort()
  }

  /** Ends the connection when the client has the answers written so far. */
  end(): void {
    this.#closed.abort()
    this.#socket.destroySoon()
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#socket.destroy()
  }

  #received(frame: Buffer): void {
    if (this.#closed.signal.aborted) return
    const bytes = frame.length
    this.#inFlight++
    this.#bytesInFlight += bytes
    if (this.#isFull) this.#socket.pause()
    const answer = this.#options.handle(frame, this).catch((error: unknown): Answer => {
      this.#options.logger.error('a request could not be answered; cutting the connection', { error })
      return 'cut'
    })
    this.#last = this.#last.then(() => answer).then((parts) => this.#answer(parts, bytes))
  }

  get #isFull(): boolean {
    return this.#inFlight >= MAX_IN_FLIGHT || this.#bytesInFlight >= MAX_BYTES_IN_FLIGHT
  }

  #answer(parts: Answer, requestBytes: number): void {
    this.#inFlight--
    this.#bytesInFlight -= requestBytes
    if (parts === 'cut') return this.end()
    if (parts !== 'none' && this.#socket.writable) this.#write(parts)
    if (this.sasl?.hasFailed === true) return this.end()
    this.#readOn()
  }

  #write(parts: readonly Uint8Array[]): void {
    this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    process.nextTick(() => this.#socket.uncork())
    if (this.#socket.writableNeedDrain) this.#socket.pause()
  }

  #readOn(): void {
    if (this.#closed.signal.aborted || this.#isFull || this.#socket.writableNeedDrain) return
    if (this.#socket.isPaused()) this.#socket.resume()
  }
}
