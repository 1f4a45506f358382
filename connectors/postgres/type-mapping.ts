import { schema } from 'naru/api'
import type { PgType, TypeCatalog } from './postgres/catalog.ts'
import { arrayCodec, unavailableArray } from './types/arrays.ts'
import { moneyCodec, numericCodec } from './types/decimals.ts'
import { nativeGeometryCodec, pointCodec, postgisCodec, vectorCodec } from './types/geometry.ts'
import { hstoreCodec } from './types/hstore.ts'
import { intervalCodec } from './types/intervals.ts'
import {
  bitCodec,
  booleanCodec,
  byteaCodec,
  floatCodec,
  intCodec,
  longCodec,
  stringCodec,
  unknownCodec,
} from './types/scalars.ts'
import { structuredDuration, structuredZonedTime, structuredZonedTimestamp } from './types/structured-times.ts'
import { dateCodec, timeCodec, timestampCodec, timestamptzCodec, timetzCodec } from './types/temporals.ts'
import type { TypeOptions } from './types/type-options.ts'
import type { ValueCodec } from './types/value-codec.ts'

export interface ColumnType {
  readonly codec: ValueCodec
  /** Debezium shows no defaults of domain columns. */
  readonly domain: boolean
}

/** The mapping of a column; undefined: the column is left out of events (`include.unknown.datatypes=false`). */
export function columnType(
  types: TypeCatalog,
  oid: number,
  typmod: number,
  options: TypeOptions,
): ColumnType | undefined {
  let type = types.get(oid)
  let modifier = typmod
  let domain = false
  while (type?.kind === 'd') {
    domain = true
    if (type.baseTypmod >= 0) modifier = type.baseTypmod
    type = types.get(type.baseOid)
  }
  const codec =
    type === undefined ? undefined : (arrayOf(types, type, modifier, options) ?? scalarOf(type, modifier, options))
  if (codec !== undefined) return { codec, domain }
  return options.includeUnknown ? { codec: unknownCodec(options), domain } : undefined
}

/** Elements whose arrays Debezium leaves out although it knows the element. */
const NO_ARRAYS: ReadonlySet<string> = new Set(['money', 'interval', 'xml', 'point', 'name', 'varbit'])

function arrayOf(types: TypeCatalog, type: PgType, typmod: number, options: TypeOptions): ValueCodec | undefined {
  if (type.elementOid === 0) return undefined
  const element = types.get(type.elementOid)
  if (element === undefined) return undefined
  if (element.name === 'bit') {
    // Debezium: bit(1)[] is a boolean that is always null
    return typmod === 1 ? { ...booleanCodec(), form: 'custom', decode: () => null, write: () => false } : undefined
  }
  const known = element.kind === 'd' || NO_ARRAYS.has(element.name) ? undefined : scalarOf(element, typmod, options)
  const codec = known ?? (options.includeUnknown ? unknownCodec(options) : undefined)
  if (codec === undefined) return undefined
  return arrayCodec(codec, {
    requiredItems: element.kind === 'e' || known === undefined,
    unavailable: unavailableArray(codec, element.name, options.placeholder),
  })
}

const VARHDRSZ = 4

function scalarOf(type: PgType, typmod: number, options: TypeOptions): ValueCodec | undefined {
  const { placeholder } = options
  const semantic = (name: string, defaultPlaceholder?: string) =>
    stringCodec({
      attributes: { name: `io.debezium.${name}`, version: 1 },
      placeholder,
      ...(defaultPlaceholder === undefined ? {} : { defaultPlaceholder }),
    })
  if (type.kind === 'e') {
    return stringCodec({
      attributes: { name: 'io.debezium.data.Enum', version: 1, parameters: { allowed: type.labels.join(',') } },
      placeholder,
      defaultPlaceholder: '',
    })
  }
  switch (type.name) {
    case 'bool':
      return booleanCodec()
    case 'int2':
      return intCodec(schema.int16())
    case 'int4':
      return intCodec(schema.int32())
    case 'int8':
    case 'oid':
      return longCodec()
    case 'float4':
      return floatCodec(schema.float32())
    case 'float8':
      return floatCodec(schema.float64())
    case 'numeric':
      return numericCodec(options, numericSize(typmod))
    case 'money':
      return moneyCodec(options)
    case 'bpchar':
    case 'varchar':
    case 'text':
    case 'char':
      return stringCodec({ placeholder, defaultPlaceholder: '' })
    // Streamed values of type name are null in Debezium although they exist; here they are the text, as in snapshots.
    case 'name':
    case 'citext':
    case 'inet':
    case 'cidr':
    case 'macaddr':
    case 'macaddr8':
    case 'int4range':
    case 'int8range':
    case 'numrange':
    case 'tsrange':
    case 'tstzrange':
    case 'daterange':
    case 'isbn':
    case 'isbn13':
    case 'issn':
    case 'issn13':
    case 'ismn':
    case 'ismn13':
    case 'ean13':
    case 'upc':
      return stringCodec({ placeholder })
    case 'bytea':
      return byteaCodec(options)
    case 'bit':
    case 'varbit':
      return bitCodec(typmod < 0 ? undefined : typmod)
    case 'json':
    case 'jsonb':
      return semantic('data.Json', '{}')
    case 'xml':
      return semantic('data.Xml', '')
    case 'uuid':
      return semantic('data.Uuid', '00000000-0000-0000-0000-000000000000')
    case 'ltree':
      return semantic('data.Ltree')
    case 'tsvector':
      return semantic('data.Tsvector')
    case 'hstore':
      return hstoreCodec(options)
    case 'point':
      return pointCodec()
    case 'geometry':
      return postgisCodec(options, false)
    case 'geography':
      return postgisCodec(options, true)
    case 'vector':
      return vectorCodec('DoubleVector')
    case 'halfvec':
      return vectorCodec('FloatVector')
    default:
      return temporalOf(type, typmod, options) ?? nativeGeometryCodec(type.name, options)
  }
}

const MAX_PRECISION = 6

function temporalOf(type: PgType, typmod: number, options: TypeOptions): ValueCodec | undefined {
  const structured = options.timeMode === 'structured'
  const precision = typmod < 0 ? MAX_PRECISION : typmod
  switch (type.name) {
    case 'date':
      return dateCodec(options)
    case 'time':
      return timeCodec(options, precision)
    case 'timetz':
      return structured ? structuredZonedTime(precision) : timetzCodec(options)
    case 'timestamp':
      return timestampCodec(options, precision)
    case 'timestamptz':
      return structured ? structuredZonedTimestamp(precision) : timestamptzCodec(precision)
    case 'interval': {
      // typmod: fields in the high half, precision in the low half, all ones when it has none
      const digits = typmod < 0 || (typmod & 0xffff) > MAX_PRECISION ? MAX_PRECISION : typmod & 0xffff
      return structured ? structuredDuration(digits) : intervalCodec(options)
    }
    default:
      return undefined
  }
}

/** The scale is 11 bits with sign since PostgreSQL 15. */
function numericSize(typmod: number): { precision: number; scale: number } | undefined {
  if (typmod < VARHDRSZ) return undefined
  const packed = typmod - VARHDRSZ
  const scale = packed & 0x7ff
  return { precision: (packed >> 16) & 0xffff, scale: scale >= 0x400 ? scale - 0x800 : scale }
}
