import type pg from 'pg'
import { CONNECTION_LOST, PostgresError, parseErrorResponse } from './postgres-error.ts'
import { Kind } from './tuple.ts'
import { WireStream } from './wire-stream.ts'

const COPY_DATA = 0x64
const ERROR = 0x45
const READY = 0x5a
const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const SLAB = 256 * 1024

/** Rows of one read: tuples (tuple.ts) in `buffer`, beginning at `positions`. */
export interface CopyRows {
  readonly buffer: Buffer
  readonly positions: readonly number[]
}

/**
 * `COPY … TO STDOUT` (text format) on an idle connection, as batches of tuples. Each CopyData message holds one line; its fields
 * are unescaped while they are copied into a slab that the rows of a batch share.
 */
export async function* copyRows(
  client: pg.Client,
  sql: string,
  columns: number,
  signal: AbortSignal,
): AsyncGenerator<CopyRows, void> {
  const wire = WireStream.take(client)
  let failure: PostgresError | undefined
  let finished = false
  try {
    wire.query(sql)
    const slab = new TupleSlab(columns)
    for (;;) {
      if (!wire.fillNow(5) || !wire.fillNow(1 + wire.buffer.readInt32BE(wire.start + 1))) {
        const batch = slab.take()
        if (batch !== undefined) yield batch
        const arrived =
          (await wire.fill(5, signal)) && (await wire.fill(1 + wire.buffer.readInt32BE(wire.start + 1), signal))
        if (!arrived) throw new PostgresError('the copy was interrupted', CONNECTION_LOST)
      }
      const { buffer, start } = wire
      const end = start + 1 + buffer.readInt32BE(start + 1)
      wire.start = end
      switch (buffer[start]) {
        case COPY_DATA:
          if (slab.full(end - start)) yield slab.take()!
          slab.addLine(buffer, start + 5, end)
          break
        case ERROR:
          failure = parseErrorResponse(buffer.subarray(start + 5, end))
          break
        case READY: {
          finished = true
          if (failure !== undefined) throw failure
          const batch = slab.take()
          if (batch !== undefined) yield batch
          return
        }
        default: // copy out response, copy done, command complete, notices
      }
    }
  } finally {
    if (finished) wire.release()
    else wire.destroy()
  }
}

/** COPY lines as tuples, packed into buffers that several batches share; nothing is overwritten. */
export class TupleSlab {
  readonly #columns: number
  #buffer = Buffer.alloc(0)
  #length = 0
  #positions: number[] = []

  constructor(columns: number) {
    this.#columns = columns
  }

  /** Would a line of `size` bytes no longer fit into the batch that was begun? */
  full(size: number): boolean {
    return this.#positions.length > 0 && this.#length + this.#need(size) > this.#buffer.length
  }

  /** One COPY line, its newline included or not. */
  addLine(line: Buffer, start: number, end: number): void {
    const need = this.#need(end - start)
    if (this.#length + need > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(SLAB, need))
      this.#length = 0
    }
    const out = this.#buffer
    this.#positions.push(this.#length)
    out[this.#length] = this.#columns >> 8
    out[this.#length + 1] = this.#columns & 0xff
    let at = this.#length + 2
    const stop = end > start && line[end - 1] === NEWLINE ? end - 1 : end
    let from = start
    for (let column = 0; column < this.#columns; column++) {
      if (line[from] === BACKSLASH && line[from + 1] === 0x4e) {
        out[at++] = Kind.NULL
        from += 3
        continue
      }
      const text = at + 5
      let clean = true
      let to = from
      while (to < stop) {
        const shape = SHAPE[line[to]!]!
        if (shape !== ORDINARY) {
          if (shape !== TO_ESCAPE) break
          clean = false
        }
        to++
      }
      if (to < stop && line[to] === BACKSLASH) {
        at = copyUnescaped(line, from, stop, out, text)
        from = fieldEnd(line, to, stop) + 1
        clean = false
      } else {
        if (to - from > NATIVE_COPY) line.copy(out, text, from, to)
        else for (let i = from, o = text; i < to; i++) out[o++] = line[i]!
        at = text + to - from
        from = to + 1 // behind the tab
      }
      const length = at - text
      out[text - 5] = clean ? Kind.CLEAN_TEXT : Kind.TEXT
      out[text - 4] = length >>> 24
      out[text - 3] = length >>> 16
      out[text - 2] = length >>> 8
      out[text - 1] = length
    }
    this.#length = at
  }

  take(): CopyRows | undefined {
    if (this.#positions.length === 0) return undefined
    const batch = { buffer: this.#buffer, positions: this.#positions }
    this.#positions = []
    return batch
  }

  #need(lineSize: number): number {
    return 2 + this.#columns * 5 + lineSize
  }
}

/** From this size a native copy is faster than a loop. */
const NATIVE_COPY = 48

/** What a byte of a COPY line is; one look-up finds the end of a field and what JSON must escape. */
const SHAPE = new Uint8Array(256)
const ORDINARY = 0
const TO_ESCAPE = 1
const DELIMITER = 2
SHAPE.fill(TO_ESCAPE, 0, 0x20)
SHAPE.fill(TO_ESCAPE, 0xf0)
SHAPE[0x22] = TO_ESCAPE
SHAPE[TAB] = DELIMITER
SHAPE[BACKSLASH] = DELIMITER

/** Position of the tab that ends the field, or `stop`. */
function fieldEnd(line: Buffer, from: number, stop: number): number {
  while (from < stop && line[from] !== TAB) from++
  return from
}

function copyUnescaped(line: Buffer, from: number, stop: number, out: Buffer, at: number): number {
  while (from < stop) {
    let byte = line[from++]!
    if (byte === TAB) break
    if (byte === BACKSLASH) byte = unescaped(line[from++]!)
    out[at++] = byte
  }
  return at
}

/** The byte that `\x` stands for. COPY TO writes only these letters, everything else stands for itself. */
function unescaped(letter: number): number {
  switch (letter) {
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case 0x6e:
      return 0x0a
    case 0x72:
      return 0x0d
    case 0x74:
      return 0x09
    case 0x76:
      return 0x0b
    default:
      return letter
  }
}
