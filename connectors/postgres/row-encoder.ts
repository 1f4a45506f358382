import type { ByteWriter, Schema } from 'naru/api'
import { Kind, columnAt, columnEnd, isText, textLength } from './postgres/tuple.ts'
import { jsonString, putJsonString, writeCleanString, writeJsonString } from './types/json-text.ts'
import { plainJson } from './types/plain-json.ts'
import type { ValueCodec } from './types/value-codec.ts'

/** One column of the relation, as it appears in events. */
export interface EncodedColumn {
  /** Field name. */
  readonly name: string
  readonly codec: ValueCodec
  /** With `optional` and `default` as the field has them. */
  readonly schema: Schema
  /** Told of a value that the mapping cannot hold (numeric NaN in precise mode) and that therefore appears as null or fallback. */
  readonly onLost?: () => void
}

const COMMA = 0x2c
const OPEN = 0x7b
const CLOSE = 0x7d
/** Longer texts are searched for bytes to escape first, and mostly copied as a whole. */
const INLINE_LIMIT = 48

type Form = 0 | 1 | 2
const VERBATIM: Form = 0
const STRING: Form = 1
const CUSTOM: Form = 2

/** Everything that is known of a column before a row is seen. */
interface Cell {
  /** `"name":` */
  readonly label: Buffer
  readonly name: string
  readonly form: Form
  readonly codec: ValueCodec
  readonly nullJson: Buffer
  readonly nullValue: unknown
  readonly onLost: (() => void) | undefined
  readonly unavailableJson: Buffer
  readonly unavailableValue: unknown
}

/**
 * Compiled once per relation version: a tuple in, JSON bytes or a plain object out. Both ways read the same cells, so they agree
 * by construction wherever the codecs do (test/unit/postgres/row-encoder.test.ts).
 */
export class RowEncoder {
  /** In the order of the tuple; null: a column that events do not show. */
  readonly #cells: readonly (Cell | null)[]

  constructor(columns: readonly (EncodedColumn | null)[]) {
    this.#cells = columns.map((column) => (column === null ? null : compile(column)))
  }

  /**
   * The row as a JSON object. `old`: the tuple before the change when it is complete (replica identity full); it holds what an
   * unchanged TOAST column does not repeat. Or -1.
   */
  writeJson(out: ByteWriter, source: Buffer, tuple: number, old: number): void {
    const cells = this.#cells
    const count = Math.min(cells.length, (source[tuple]! << 8) | source[tuple + 1]!)
    let column = tuple + 2
    out.byte(OPEN)
    const first = out.length
    for (let i = 0; i < count; i++) {
      const cell = cells[i]!
      const end = columnEnd(source, column)
      if (cell !== null) {
        const label = cell.label
        out.reserve(label.length + 1)
        let target = out.buffer
        let at = out.length
        if (at !== first) target[at++] = COMMA
        for (let k = 0; k < label.length; k++) target[at++] = label[k]!
        let from = column
        let to = end
        if (source[from] === Kind.UNCHANGED && old >= 0) {
          from = columnAt(source, old, i)
          to = columnEnd(source, from)
        }
        const size = to - from - 5
        if (size >= 0 && size <= INLINE_LIMIT && cell.form !== CUSTOM && isText(source[from])) {
          out.length = at
          out.reserve(size * 6 + 2)
          target = out.buffer
          if (cell.form === VERBATIM) for (let k = from + 5; k < to; k++) target[at++] = source[k]!
          else at = putJsonString(target, at, source, from + 5, to)
          out.length = at
        } else {
          out.length = at
          writeCell(out, cell, source, from, to)
        }
      }
      column = end
    }
    out.byte(CLOSE)
  }

  /** The row as a plain object. */
  decode(source: Buffer, tuple: number, old: number): Record<string, unknown> {
    const row: Record<string, unknown> = {}
    const count = Math.min(this.#cells.length, (source[tuple]! << 8) | source[tuple + 1]!)
    let column = tuple + 2
    for (let i = 0; i < count; i++) {
      const cell = this.#cells[i]!
      if (cell !== null) {
        const unchanged = source[column] === Kind.UNCHANGED && old >= 0
        row[cell.name] = decodeCell(cell, source, unchanged ? columnAt(source, old, i) : column)
      }
      column = columnEnd(source, column)
    }
    return row
  }
}

/** The same for the key: some columns, in an order of their own. */
export class KeyEncoder {
  readonly #cells: readonly (Cell & { readonly index: number })[]

  constructor(columns: readonly (EncodedColumn & { readonly index: number })[]) {
    this.#cells = columns.map((column) => ({ ...compile(column), index: column.index }))
  }

  writeJson(out: ByteWriter, source: Buffer, tuple: number): void {
    out.byte(OPEN)
    for (let i = 0; i < this.#cells.length; i++) {
      const cell = this.#cells[i]!
      if (i > 0) out.byte(COMMA)
      out.bytes(cell.label)
      const column = columnAt(source, tuple, cell.index)
      writeCell(out, cell, source, column, columnEnd(source, column))
    }
    out.byte(CLOSE)
  }

  decode(source: Buffer, tuple: number): Record<string, unknown> {
    const key: Record<string, unknown> = {}
    for (const cell of this.#cells) key[cell.name] = decodeCell(cell, source, columnAt(source, tuple, cell.index))
    return key
  }

  /** Do the two tuples have different keys? Columns that the old tuple does not carry count as unchanged. */
  differs(source: Buffer, old: number, tuple: number, carried: (index: number) => boolean): boolean {
    return this.#cells.some(({ index }) => {
      if (!carried(index)) return false
      const a = columnAt(source, old, index)
      const b = columnAt(source, tuple, index)
      if (source[b] === Kind.UNCHANGED) return false
      return source.compare(source, b, columnEnd(source, b), a, columnEnd(source, a)) !== 0
    })
  }
}

function compile(column: EncodedColumn): Cell {
  const { codec, schema } = column
  const nullValue = schema.optional ? null : (schema.default ?? codec.fallback)
  const unavailableValue = codec.unavailable ?? nullValue
  return {
    label: Buffer.from(`${jsonString(column.name)}:`),
    name: column.name,
    codec,
    onLost: column.onLost,
    form: codec.form === 'verbatim' ? VERBATIM : codec.form === 'string' ? STRING : CUSTOM,
    nullValue,
    nullJson: Buffer.from(plainJson(schema, nullValue)),
    unavailableValue,
    unavailableJson: Buffer.from(plainJson(schema, unavailableValue)),
  }
}

function writeCell(out: ByteWriter, cell: Cell, source: Buffer, column: number, end: number): void {
  switch (source[column]) {
    case Kind.CLEAN_TEXT:
      if (cell.form === STRING) writeCleanString(out, source, column + 5, end)
      else if (!cell.codec.write(out, source, column + 5, end)) writeLost(out, cell)
      return
    case Kind.TEXT:
      if (cell.form === STRING) writeJsonString(out, source, column + 5, end)
      else if (!cell.codec.write(out, source, column + 5, end)) writeLost(out, cell)
      return
    case Kind.UNCHANGED:
      out.bytes(cell.unavailableJson)
      return
    default:
      out.bytes(cell.nullJson)
  }
}

function writeLost(out: ByteWriter, cell: Cell): void {
  cell.onLost?.()
  out.bytes(cell.nullJson)
}

function decodeCell(cell: Cell, source: Buffer, column: number): unknown {
  switch (source[column]) {
    case Kind.TEXT:
    case Kind.CLEAN_TEXT:
      return cell.codec.decode(source, column + 5, column + 5 + textLength(source, column)) ?? cell.nullValue
    case Kind.UNCHANGED:
      return cell.unavailableValue
    default:
      return cell.nullValue
  }
}
