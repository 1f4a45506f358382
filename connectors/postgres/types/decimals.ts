import type { SchemaAttributes } from 'naru/api'
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
  return valueCodec({
    schema: decimalSchema(scale, { parameters: { scale: String(scale), ...parameters } }),
    fallback: zero,
    defaultPlaceholder: defaults ? zero : undefined,
    decode(source, start, end) {
      const text = textOf(source.latin1Slice(start, end))
      return isSpecial(text) ? null : new Decimal(unscaledOf(text, scale), scale)
    },
    write(out, source, start, end) {
      const text = textOf(source.latin1Slice(start, end))
      if (isSpecial(text)) return false
      out.ascii(unscaledBase64(text, scale))
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

const SAFE_DIGITS = 15
const SCRATCH = Buffer.alloc(8)

/** Quoted base64 of the unscaled value's two's complement; without bigints while the digits fit into a double. */
function unscaledBase64(text: string, scale: number): string {
  const point = text.indexOf('.')
  const fraction = point < 0 ? 0 : text.length - point - 1
  if (text.length > SAFE_DIGITS || fraction !== scale) {
    return `"${bigintToBytes(unscaledOf(text, scale)).toString('base64')}"`
  }
  let value = Number(point < 0 ? text : text.slice(0, point) + text.slice(point + 1))
  let at = SCRATCH.length
  for (;;) {
    const byte = ((value % 256) + 256) % 256
    SCRATCH[--at] = byte
    value = Math.floor(value / 256)
    if ((value === 0 && byte < 128) || (value === -1 && byte >= 128)) break
  }
  return `"${SCRATCH.base64Slice(at, SCRATCH.length)}"`
}

declare global {
  interface Buffer {
    base64Slice(start?: number, end?: number): string
  }
}
