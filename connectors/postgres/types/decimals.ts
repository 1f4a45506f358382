import type { ByteWriter, SchemaAttributes } from 'naru/api'
import { Decimal, bigintToBytes, decimalSchema, schema } from 'naru/api'
import { javaFloat } from './json-text.ts'
import type { TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec, valueCodec } from './value-codec.ts'

export const variableScaleDecimal = (attributes: SchemaAttributes = {}) =>
  schema.struct([['scale', schema.int32()] as const, ['value', schema.bytes()] as const], {
    ...attributes,
    name: 'io.debezium.data.VariableScaleDecimal',
    version: 1,
    doc: 'Variable scaled decimal',
  })

/** `numeric(precision, scale)`, or without either. */
export function numericCodec(options: TypeOptions, size: { precision: number; scale: number } | undefined): ValueCodec {
  switch (options.decimalMode) {
    case 'double':
      return doubleCodec((text) => text, size === undefined ? undefined : 0)
    case 'string':
      return textCodec({
        schema: schema.string(),
        fallback: '0',
        unavailable: options.placeholder.toString('utf8'),
        defaultPlaceholder: size === undefined ? undefined : '0.0',
        parse: (text) => SPECIAL_NAMES[text] ?? text,
      })
    case 'precise':
      if (size === undefined) return variableScaleCodec()
      return fixedScaleCodec(size.scale, { 'connect.decimal.precision': String(size.precision) }, (text) => text, true)
  }
}

/** money, whose text is that of lc_monetary C: `$1,234.56`, `-$1.50`. */
export function moneyCodec(options: TypeOptions): ValueCodec {
  const plainText = (text: string) => {
    const negative = text.includes('(') || text.startsWith('-')
    return (negative ? '-' : '') + text.replaceAll(/[^0-9.]/g, '')
  }
  switch (options.decimalMode) {
    case 'double':
      return doubleCodec(plainText, undefined)
    case 'string':
      return textCodec({
        schema: schema.string(),
        fallback: '0',
        parse: (text) =>
          new Decimal(unscaledOf(plainText(text), options.moneyFractionDigits), options.moneyFractionDigits).toString(),
      })
    case 'precise':
      return fixedScaleCodec(options.moneyFractionDigits, {}, plainText, false)
  }
}

/** Names that Debezium gives to what java.math.BigDecimal cannot hold. */
const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  NaN: 'NAN',
  Infinity: 'POSITIVE_INFINITY',
  '-Infinity': 'NEGATIVE_INFINITY',
}

function isSpecial(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last < 0x30 || last > 0x39
}

function doubleCodec(textOf: (text: string) => string, defaultPlaceholder: number | undefined): ValueCodec {
  return valueCodec({
    schema: schema.float64(),
    fallback: 0,
    defaultPlaceholder,
    decode: (source, start, end) => Number(textOf(source.latin1Slice(start, end))),
    write(out, source, start, end) {
      // through a double, since the text may have more digits than one holds
      out.ascii(javaFloat(String(Number(textOf(source.latin1Slice(start, end))))))
      return true
    },
  })
}

function variableScaleCodec(): ValueCodec {
  return textCodec({
    schema: variableScaleDecimal(),
    fallback: { scale: 0, value: Buffer.from([0]) },
    parse(text) {
      if (isSpecial(text)) return null
      const [whole = '', fraction = ''] = text.split('.')
      const kept = fraction.replace(/0+$/, '')
      return { scale: kept.length, value: bigintToBytes(BigInt(whole + kept)) }
    },
  })
}

function fixedScaleCodec(
  scale: number,
  parameters: Readonly<Record<string, string>>,
  textOf: (text: string) => string,
  defaults: boolean,
): ValueCodec {
  const zero = new Decimal(0n, scale)
  const asIs = textOf(' ') === ' '
  return valueCodec({
    schema: decimalSchema(scale, { parameters: { scale: String(scale), ...parameters } }),
    fallback: zero,
    defaultPlaceholder: defaults ? zero : undefined,
    decode(source, start, end) {
      const text = textOf(source.latin1Slice(start, end))
      return isSpecial(text) ? null : new Decimal(unscaledOf(text, scale), scale)
    },
    write(out, source, start, end) {
      const small = asIs ? smallUnscaled(source, start, end, scale) : NaN
      if (!Number.isNaN(small)) {
        writeUnscaled(out, small)
        return true
      }
      const text = textOf(source.latin1Slice(start, end))
      if (isSpecial(text)) return false
      out.ascii(`"${bigintToBytes(unscaledOf(text, scale)).toString('base64')}"`)
      return true
    },
  })
}

/** The integer `text × 10^scale`; digits beyond the scale are rounded half up. */
export function unscaledOf(text: string, scale: number): bigint {
  const point = text.indexOf('.')
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1)
  const surplus = (point < 0 ? 0 : text.length - point - 1) - scale
  if (surplus <= 0) return BigInt(digits) * 10n ** BigInt(-surplus)
  const divisor = 10n ** BigInt(surplus)
  const value = BigInt(digits)
  const half = value < 0n ? -divisor / 2n : divisor / 2n
  return (value + half) / divisor
}

const SAFE_LENGTH = 15
const MINUS = 0x2d
const POINT = 0x2e

/** The unscaled value of a text with exactly `scale` decimals, as the server prints them, when it is short; else NaN. */
function smallUnscaled(source: Buffer, start: number, end: number, scale: number): number {
  if (end - start > SAFE_LENGTH) return NaN
  const negative = source[start] === MINUS
  let value = 0
  let fraction = scale === 0 ? 0 : NaN
  for (let i = negative ? start + 1 : start; i < end; i++) {
    const byte = source[i]!
    if (byte === POINT) fraction = end - i - 1
    else if (byte < 0x30 || byte > 0x39) return NaN
    else value = value * 10 + byte - 0x30
  }
  if (fraction !== scale) return NaN
  return negative && value !== 0 ? -value : value
}

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')
const PAD = 0x3d
const SCRATCH = new Uint8Array(12)

/** Quoted base64 of the shortest two's complement. */
function writeUnscaled(out: ByteWriter, value: number): void {
  let first = 8
  for (;;) {
    const byte = ((value % 256) + 256) % 256
    SCRATCH[--first] = byte
    value = Math.floor(value / 256)
    if ((value === 0 && byte < 128) || (value === -1 && byte >= 128)) break
  }
  out.reserve(16)
  const target = out.buffer
  let at = out.length
  target[at++] = 0x22
  for (let i = first; i < 8; i += 3) {
    const left = 8 - i
    const bits = (SCRATCH[i]! << 16) | (left > 1 ? SCRATCH[i + 1]! << 8 : 0) | (left > 2 ? SCRATCH[i + 2]! : 0)
    target[at++] = BASE64[bits >> 18]!
    target[at++] = BASE64[(bits >> 12) & 63]!
    target[at++] = left > 1 ? BASE64[(bits >> 6) & 63]! : PAD
    target[at++] = left > 2 ? BASE64[bits & 63]! : PAD
  }
  target[at++] = 0x22
  out.length = at
}
