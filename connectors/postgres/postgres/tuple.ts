/**
 * The tuple format of pgoutput, also made of COPY lines (copy-stream.ts) so that there is one row encoder: int16 number of
 * columns, then per column a kind byte and, for text, int32 length and the bytes.
 */
export const Kind = {
  NULL: 0x6e,
  /** An unchanged TOAST value, not sent. */
  UNCHANGED: 0x75,
  TEXT: 0x74,
  /** Ours: a text without a byte that JSON would have to escape. pgoutput never sends it. */
  CLEAN_TEXT: 0x54,
} as const

const CASE_BIT = 0x20

export function isText(kind: number | undefined): boolean {
  return (kind! | CASE_BIT) === Kind.TEXT
}

/** Just behind the tuple that begins at `at`. */
export function tupleEnd(buffer: Buffer, at: number): number {
  const columns = (buffer[at]! << 8) | buffer[at + 1]!
  let position = at + 2
  for (let i = 0; i < columns; i++) position = columnEnd(buffer, position)
  return position
}

/** Position of column `index`'s kind byte. */
export function columnAt(buffer: Buffer, tuple: number, index: number): number {
  let position = tuple + 2
  for (let i = 0; i < index; i++) position = columnEnd(buffer, position)
  return position
}

export function columnEnd(buffer: Buffer, column: number): number {
  return isText(buffer[column]) ? column + 5 + textLength(buffer, column) : column + 1
}

/** Bytes of the text of a TEXT column. */
export function textLength(buffer: Buffer, column: number): number {
  return (buffer[column + 1]! << 24) | (buffer[column + 2]! << 16) | (buffer[column + 3]! << 8) | buffer[column + 4]!
}
