import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from './connection.ts'
import type { Lsn } from './lsn.ts'
import { formatLsn, readLsn, writeLsn } from './lsn.ts'
import { CONNECTION_LOST, PostgresError, parseErrorResponse } from './postgres-error.ts'
import { WireStream } from './wire-stream.ts'

const COPY_DATA = 0x64
const COPY_BOTH = 0x57
const COPY_DONE = 0x63
const ERROR = 0x45
const XLOG_DATA = 0x77
const KEEPALIVE = 0x6b

/** Microseconds between 1970-01-01 and PostgreSQL's epoch 2000-01-01. */
export const PG_EPOCH_US = 946_684_800_000_000

export interface ReplicationOptions {
  readonly slot: string
  /** 0: where the slot was last confirmed. The server never starts before that. */
  readonly start: Lsn
  /** Options of the output plugin: `proto_version`, `publication_names`, ... */
  readonly pluginOptions: readonly (readonly [string, string])[]
}

export type Frame = 'data' | 'keepalive'

/**
 * A logical replication stream after START_REPLICATION: frames out, standby status in. Nothing is confirmed here by itself:
 * `sendStatus` says what the caller knows to be durable.
 */
export class ReplicationStream {
  readonly #wire: WireStream
  /** `data`: WAL start of the message. */
  walStart: Lsn = 0
  /** End of WAL on the server, as of this frame. */
  walEnd: Lsn = 0
  replyRequested = false
  /** `data`: the plugin's message is `buffer[start..end)`; the bytes stay untouched afterwards. */
  buffer: Buffer = Buffer.alloc(0)
  start = 0
  end = 0

  private constructor(wire: WireStream) {
    this.#wire = wire
  }

  static async start(client: pg.Client, options: ReplicationOptions, signal: AbortSignal): Promise<ReplicationStream> {
    const wire = WireStream.take(client, { pace: true })
    const plugin = options.pluginOptions.map(([name, value]) => `${quoteIdentifier(name)} ${quoteLiteral(value)}`)
    const slot = quoteIdentifier(options.slot)
    wire.query(`START_REPLICATION SLOT ${slot} LOGICAL ${formatLsn(options.start)} (${plugin.join(', ')})`)
    const stream = new ReplicationStream(wire)
    for (;;) {
      if (!(await stream.#message(signal)))
        throw new PostgresError('starting replication was interrupted', CONNECTION_LOST)
      const type = wire.buffer[wire.start]!
      if (type === ERROR) throw stream.#errorResponse()
      stream.#skipMessage()
      if (type === COPY_BOTH) return stream
    }
  }

  /** The next frame if its bytes are here already, else undefined. */
  nextNow(): Frame | undefined {
    const wire = this.#wire
    for (;;) {
      if (!wire.fillNow(5) || !wire.fillNow(1 + wire.buffer.readInt32BE(wire.start + 1))) return undefined
      const frame = this.#accept()
      if (frame !== undefined) return frame
    }
  }

  /** Waits until the next frame can be had from `nextNow`; false: aborted. Throws when the stream ended. */
  async ready(signal: AbortSignal): Promise<boolean> {
    return this.#message(signal)
  }

  /**
   * Standby status update. `flushed` is what the server may forget: Invariant 1, only what is durable downstream. 0 leaves the
   * slot where it is.
   */
  sendStatus(written: Lsn, flushed: Lsn, replyNow = false): void {
    const message = Buffer.allocUnsafe(5 + 34)
    message[0] = COPY_DATA
    message.writeInt32BE(4 + 34, 1)
    message[5] = 0x72
    writeLsn(message, written, 6)
    writeLsn(message, flushed, 14)
    writeLsn(message, flushed, 22)
    message.writeBigInt64BE(BigInt(Date.now()) * 1000n - BigInt(PG_EPOCH_US), 30)
    message[38] = replyNow ? 1 : 0
    this.#wire.write(message)
  }

  /** Ask the server to end the stream; the connection is of no further use. */
  finish(): void {
    this.#wire.write(Buffer.from([COPY_DONE, 0, 0, 0, 4]))
  }

  destroy(): void {
    this.#wire.destroy()
  }

  async #message(signal: AbortSignal): Promise<boolean> {
    const wire = this.#wire
    return (await wire.fill(5, signal)) && (await wire.fill(1 + wire.buffer.readInt32BE(wire.start + 1), signal))
  }

  /** One whole message lies at wire.start. */
  #accept(): Frame | undefined {
    const { buffer, start } = this.#wire
    const type = buffer[start]!
    const end = start + 1 + buffer.readInt32BE(start + 1)
    switch (type) {
      case COPY_DATA:
        this.#wire.start = end
        if (buffer[start + 5] === XLOG_DATA) {
          this.walStart = readLsn(buffer, start + 6)
          this.walEnd = readLsn(buffer, start + 14)
          this.buffer = buffer
          this.start = start + 30
          this.end = end
          return 'data'
        }
        if (buffer[start + 5] === KEEPALIVE) {
          this.walEnd = readLsn(buffer, start + 6)
          this.replyRequested = buffer[start + 22] === 1
          return 'keepalive'
        }
        return undefined
      case ERROR:
        throw this.#errorResponse()
      case COPY_DONE:
        throw new PostgresError('the server ended the replication stream', CONNECTION_LOST)
      default:
        this.#wire.start = end // notices, parameter changes
        return undefined
    }
  }

  #errorResponse(): PostgresError {
    const { buffer, start } = this.#wire
    return parseErrorResponse(buffer.subarray(start + 5, start + 1 + buffer.readInt32BE(start + 1)))
  }

  #skipMessage(): void {
    this.#wire.start += 1 + this.#wire.buffer.readInt32BE(this.#wire.start + 1)
  }
}
