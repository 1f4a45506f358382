import type { Schema, SchemaAttributes } from './schema.ts'
import { schema } from './schema.ts'

export const DECIMAL = 'org.apache.kafka.connect.data.Decimal'
export const DATE = 'org.apache.kafka.connect.data.Date'
export const TIME = 'org.apache.kafka.connect.data.Time'
export const TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp'

/** An exponent beyond it is no number that anybody meant; it would cost memory without end. */
const MAX_EXPONENT = 10_000

/** value = unscaled × 10^-scale */
export class Decimal {
  readonly unscaled: bigint
  readonly scale: number
  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled
    this.scale = scale
  }

  /** The number that such text stands for, as java.math.BigDecimal reads it: `1e3` is 1 with scale -3. Undefined: it is none, or beyond all bounds. */
  static parse(text: string): Decimal | undefined {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
    const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? []
    if (whole + fraction === '' || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
    const digits = BigInt(whole + fraction)
    return new Decimal(sign === '-' ? -digits : digits, fraction.length - Number(exponent))
  }

  /** The same number with another scale; itself when it has more digits than fit, for nothing is rounded, or that scale is beyond all bounds. */
  atScale(scale: number): Decimal {
    const more = scale - this.scale
    if (more === 0 || Math.abs(more) > MAX_EXPONENT) return this
    const power = 10n ** BigInt(Math.abs(more))
    if (more > 0) return new Decimal(this.unscaled * power, scale)
    return this.unscaled % power === 0n ? new Decimal(this.unscaled / power, scale) : this
  }

  /** What stands before the point. */
  whole(): bigint {
    const power = 10n ** BigInt(Math.abs(this.scale))
    return this.scale < 0 ? this.unscaled * power : this.unscaled / power
  }

  /** Without exponent: `12.34`. */
  toString(): string {
    const sign = this.unscaled < 0n ? '-' : ''
    const digits = (this.unscaled < 0n ? -this.unscaled : this.unscaled).toString()
    if (this.scale <= 0) return sign + digits + '0'.repeat(-this.scale)
    const padded = digits.padStart(this.scale + 1, '0')
    return `${sign}${padded.slice(0, -this.scale)}.${padded.slice(-this.scale)}`
  }
}

/** BYTES: big-endian two's complement of the unscaled integer; plain value `Decimal`. */
export const decimalSchema = (scale: number, a: SchemaAttributes = {}): Schema =>
  schema.bytes({ name: DECIMAL, version: 1, parameters: { scale: String(scale) }, ...a })
/** INT32 days since the epoch; plain value `Date` at midnight UTC. */
export const dateSchema = (a: SchemaAttributes = {}): Schema => schema.int32({ name: DATE, version: 1, ...a })
/** INT32 milliseconds since midnight; plain value `Date` on 1970-01-01 UTC. */
export const timeSchema = (a: SchemaAttributes = {}): Schema => schema.int32({ name: TIME, version: 1, ...a })
/** INT64 milliseconds since the epoch; plain value `Date`. */
export const timestampSchema = (a: SchemaAttributes = {}): Schema => schema.int64({ name: TIMESTAMP, version: 1, ...a })

/** Big-endian two's complement in the fewest bytes, as java.math.BigInteger#toByteArray. */
export function bigintToBytes(value: bigint): Buffer {
  let size = 1
  while (BigInt.asIntN(size * 8, value) !== value) size++
  const hex = BigInt.asUintN(size * 8, value)
    .toString(16)
    .padStart(size * 2, '0')
  return Buffer.from(hex, 'hex')
}

export function bigintFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(
    bytes.length * 8,
    BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`),
  )
}
