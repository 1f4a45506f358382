import { isUtf8 } from 'node:buffer'

/** Per byte inside a string: 0 ends the run (quote, backslash, control character), 1 ASCII, 2 part of a longer UTF-8 sequence. */
const IN_STRING = new Uint8Array(256).fill(1, 0x20, 0x80).fill(2, 0x80)
IN_STRING[0x22] = 0
IN_STRING[0x5c] = 0

const IS_ESCAPE = new Uint8Array(256)
for (const letter of '"\\/bfnrt') IS_ESCAPE[letter.charCodeAt(0)] = 1

const IS_HEX = new Uint8Array(256)
for (const letter of '0123456789abcdefABCDEF') IS_HEX[letter.charCodeAt(0)] = 1

const IS_SPACE = new Uint8Array(256)
for (const letter of ' \t\n\r') IS_SPACE[letter.charCodeAt(0)] = 1

const MAX_DEPTH = 1000

/**
 * Finds the end of one JSON value in bytes and says whether it is well formed, without making anything: what a record pays that is only
 * moved. As lenient as Jackson where Connect relies on it: text after the value is not looked at, and leading zeros are noted, not refused.
 */
export class JsonScanner {
  /** After `scan`: was there white space between tokens? Then the bytes are not what Connect would write. */
  spaced = false
  /** After `scan`: a number such as `01`, which JSON.parse refuses. */
  leadingZeros = false
  readonly #closers = new Uint8Array(MAX_DEPTH)

  /** The index after the value that begins at `from` (no white space before it), or -1 when it is not well formed. */
  scan(bytes: Uint8Array, from: number): number {
    this.spaced = false
    this.leadingZeros = false
    const closers = this.#closers
    const length = bytes.length
    let depth = 0
    let seen = 1
    let at = from
    let keyNext = false
    for (;;) {
      // a key or a value begins here
      let byte = bytes[at]
      if (byte === 0x22) {
        at++
        for (;;) {
          let kind: number
          while (at < length && (kind = IN_STRING[bytes[at]!]!) !== 0) {
            seen |= kind
            at++
          }
          if (at >= length) return -1
          byte = bytes[at]
          if (byte === 0x22) break
          at = byte === 0x5c ? escapeEnd(bytes, at) : -1
          if (at < 0) return -1
        }
        at++
        if (keyNext) {
          if (bytes[at] !== 0x3a) {
            at = this.#space(bytes, at)
            if (bytes[at] !== 0x3a) return -1
          }
          at++
          if (IS_SPACE[bytes[at]!] === 1) at = this.#space(bytes, at)
          keyNext = false
          continue
        }
      } else if (keyNext) return -1
      else if (byte === 0x7b || byte === 0x5b) {
        if (depth === MAX_DEPTH) return -1
        const closer = byte + 2
        at++
        if (IS_SPACE[bytes[at]!] === 1) at = this.#space(bytes, at)
        if (bytes[at] !== closer) {
          closers[depth++] = closer
          keyNext = closer === 0x7d
          continue
        }
        at++
      } else {
        at = this.#scalarEnd(bytes, at)
        if (at < 0) return -1
      }
      // a value ended here
      for (;;) {
        if (depth === 0) return seen === 1 || isUtf8(bytes.subarray(from, at)) ? at : -1
        byte = bytes[at]
        if (byte === 0x2c) {
          at++
          if (IS_SPACE[bytes[at]!] === 1) at = this.#space(bytes, at)
          keyNext = closers[depth - 1] === 0x7d
          break
        }
        if (byte === closers[depth - 1]) {
          depth--
          at++
        } else if (byte !== undefined && IS_SPACE[byte] === 1) at = this.#space(bytes, at)
        else return -1
      }
    }
  }

  #space(bytes: Uint8Array, from: number): number {
    const at = skipSpace(bytes, from)
    if (at > from) this.spaced = true
    return at
  }

  #scalarEnd(bytes: Uint8Array, from: number): number {
    switch (bytes[from]) {
      case 0x74:
        return literalEnd(bytes, from, 'true')
      case 0x66:
        return literalEnd(bytes, from, 'false')
      case 0x6e:
        return literalEnd(bytes, from, 'null')
      default:
        return this.#numberEnd(bytes, from)
    }
  }

  #numberEnd(bytes: Uint8Array, from: number): number {
    const digits = bytes[from] === 0x2d ? from + 1 : from
    let at = digitsEnd(bytes, digits)
    if (at === digits) return -1
    if (bytes[digits] === 0x30 && at > digits + 1) this.leadingZeros = true
    if (bytes[at] === 0x2e) {
      const fraction = at + 1
      at = digitsEnd(bytes, fraction)
      if (at === fraction) return -1
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      const sign = bytes[at + 1]
      const exponent = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1
      at = digitsEnd(bytes, exponent)
      if (at === exponent) return -1
    }
    return at
  }
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && IS_SPACE[bytes[at]!] === 1) at++
  return at
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++
  return at
}

function literalEnd(bytes: Uint8Array, from: number, literal: string): number {
  for (let i = 1; i < literal.length; i++) if (bytes[from + i] !== literal.charCodeAt(i)) return -1
  return from + literal.length
}

/** The index after the escape whose backslash is at `at`, or -1. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1]
  if (letter === undefined) return -1
  if (IS_ESCAPE[letter] === 1) return at + 2
  if (letter !== 0x75) return -1
  for (let i = at + 2; i < at + 6; i++) {
    const digit = bytes[i]
    if (digit === undefined || IS_HEX[digit] === 0) return -1
  }
  return at + 6
}
