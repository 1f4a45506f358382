import { schema } from 'naru/api'
import type { Schema } from 'naru/api'
import type { TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec } from './value-codec.ts'

/** Geometric types of PostgreSQL and PostGIS, as structs with well-known binary (little-endian). */

const NAME = 'io.debezium.data.geometry'
const SRID = ['srid', schema.int32({ optional: true })] as const
const WKB = ['wkb', schema.bytes()] as const
const EXTENSIONS = ['extensions', schema.map(schema.string(), schema.string(), { optional: true })] as const

const POINT = schema.struct(
  [
    ['x', schema.float64()] as const,
    ['y', schema.float64()] as const,
    ['wkb', schema.bytes({ optional: true })] as const,
    SRID,
  ],
  { name: `${NAME}.Point`, version: 1, doc: 'Geometry (POINT)' },
)
const LINE = schema.struct(
  { a: schema.float64(), b: schema.float64(), c: schema.float64() },
  { name: `${NAME}.Line`, version: 1, doc: 'Geometry (LINE)' },
)
const CIRCLE = schema.struct(
  { center: POINT, radius: schema.float64() },
  { name: `${NAME}.Circle`, version: 1, doc: 'Geometry (CIRCLE)' },
)
const GEOGRAPHY = schema.struct([WKB, SRID], { name: `${NAME}.Geography`, version: 1, doc: 'Geography' })

/** Version 2 with extensions since Debezium 3.7. */
function geometrySchema(options: TypeOptions): Schema {
  return options.debezium37
    ? schema.struct([WKB, SRID, EXTENSIONS], { name: `${NAME}.Geometry`, version: 2, doc: 'Geometry' })
    : schema.struct([WKB, SRID], { name: `${NAME}.Geometry`, version: 1, doc: 'Geometry' })
}

const WKB_POINT = 1
const WKB_LINE_STRING = 2
const WKB_POLYGON = 3

type Numbers = readonly number[]

function wkb(type: number, counts: Numbers, coordinates: Numbers): Buffer {
  const bytes = Buffer.alloc(5 + counts.length * 4 + coordinates.length * 8)
  bytes[0] = 1
  bytes.writeUInt32LE(type, 1)
  let at = 5
  for (const count of counts) at = bytes.writeUInt32LE(count, at)
  for (const coordinate of coordinates) at = bytes.writeDoubleLE(coordinate, at)
  return bytes
}

function numbersIn(text: string): Numbers {
  return (text.match(/-?(?:\d[\d.e+-]*|Infinity)|NaN/g) ?? []).map(Number)
}

function pointOf(x: number, y: number): Record<string, unknown> {
  return { x, y, wkb: wkb(WKB_POINT, [], [x, y]), srid: null }
}

export function pointCodec(): ValueCodec {
  return textCodec({
    schema: POINT,
    fallback: pointOf(0, 0),
    parse: (text) => {
      const [x = 0, y = 0] = numbersIn(text)
      return pointOf(x, y)
    },
  })
}

/** PostGIS: the text is the hexadecimal EWKB. */
export function postgisCodec(options: TypeOptions, geography: boolean): ValueCodec {
  const extensions = !geography && options.debezium37 ? { extensions: null } : {}
  return textCodec({
    schema: geography ? GEOGRAPHY : geometrySchema(options),
    fallback: { wkb: Buffer.from('AQcAAAAAAAAA', 'base64'), srid: null, ...extensions },
    parse(text) {
      const bytes = Buffer.from(text, 'hex')
      const little = bytes[0] === 1
      const type = little ? bytes.readUInt32LE(1) : bytes.readUInt32BE(1)
      const hasSrid = (type & 0x2000_0000) !== 0
      return {
        wkb: bytes,
        srid: hasSrid ? (little ? bytes.readInt32LE(5) : bytes.readInt32BE(5)) : null,
        ...extensions,
      }
    },
  })
}

/** Types that Debezium knows since 3.7; undefined for every other name. */
export function nativeGeometryCodec(typeName: string, options: TypeOptions): ValueCodec | undefined {
  if (!options.debezium37) return undefined
  const geometry = (fallback: string, parse: (text: string) => { wkb: Buffer; extensions: Map<string, string> }) => {
    const of = (text: string) => ({ srid: null, ...parse(text) })
    return textCodec({ schema: geometrySchema(options), fallback: of(fallback), parse: of })
  }
  const extensions = (...pairs: [string, string][]) => new Map(pairs)
  switch (typeName) {
    case 'line':
      return textCodec({
        schema: LINE,
        fallback: { a: 0, b: 1, c: 0 },
        parse: (text) => {
          const [a = 0, b = 0, c = 0] = numbersIn(text)
          return { a, b, c }
        },
      })
    case 'circle':
      return textCodec({
        schema: CIRCLE,
        fallback: { center: pointOf(0, 0), radius: 0 },
        parse: (text) => {
          const [x = 0, y = 0, radius = 0] = numbersIn(text)
          return { center: pointOf(x, y), radius }
        },
      })
    case 'lseg':
      return geometry('[(0,0),(0,0)]', (text) => ({
        wkb: wkb(WKB_LINE_STRING, [2], numbersIn(text)),
        extensions: extensions(['type', 'lseg']),
      }))
    case 'path':
      return geometry('[(0,0)]', (text) => {
        const numbers = numbersIn(text)
        return {
          wkb: wkb(WKB_LINE_STRING, [numbers.length / 2], numbers),
          extensions: extensions(['type', 'path'], ['closed', String(text.startsWith('('))]),
        }
      })
    case 'box':
      return geometry('(1,1),(0,0)', (text) => {
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbersIn(text)
        return {
          wkb: wkb(WKB_POLYGON, [1, 5], [x1, y1, x1, y2, x2, y2, x2, y1, x1, y1]),
          extensions: extensions(['type', 'box']),
        }
      })
    case 'polygon':
      return geometry('((0,0))', (text) => {
        const numbers = numbersIn(text)
        const closed = [...numbers, ...numbers.slice(0, 2)]
        return { wkb: wkb(WKB_POLYGON, [1, closed.length / 2], closed), extensions: extensions(['type', 'polygon']) }
      })
    default:
      return undefined
  }
}

/** pgvector's `[1,2,3]`. */
export function vectorCodec(name: 'DoubleVector' | 'FloatVector'): ValueCodec {
  const item = name === 'DoubleVector' ? schema.float64() : schema.float32()
  return textCodec({
    schema: schema.array(item, { name: `io.debezium.data.${name}`, version: 1 }),
    fallback: [],
    parse: (text) => numbersIn(text),
  })
}
