import {
  configDef,
  ConfigError,
  DATE,
  DataError,
  dateSchema,
  javaClass,
  schema as of,
  TIME,
  timeSchema,
  TIMESTAMP,
  timestampSchema,
  validators,
} from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import { JavaDateFormat } from './java-date-format.ts'
import {
  basicsOf,
  fieldValue,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const PURPOSE = 'converting timestamp formats'

type Kind = 'string' | 'unix' | 'Date' | 'Time' | 'Timestamp'
type Precision = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds'

const definition = configDef({
  field: {
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    documentation: 'The field containing the timestamp, or empty if the entire value is a timestamp.',
  },
  'target.type': {
    type: 'STRING',
    validator: validators.oneOf('string', 'unix', 'Date', 'Time', 'Timestamp'),
    importance: 'HIGH',
    documentation: 'The desired timestamp representation.',
  },
  format: {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    documentation: 'A java.text.SimpleDateFormat pattern, in UTC, used to write or read timestamps that are strings.',
  },
  'unix.precision': {
    type: 'STRING',
    default: 'milliseconds',
    validator: validators.oneOf('nanoseconds', 'microseconds', 'milliseconds', 'seconds'),
    importance: 'LOW',
    documentation: 'The precision of unix timestamps, read or written.',
  },
  ...replaceNullKey,
})

const DAY_MS = 86_400_000

/** org.apache.kafka.connect.transforms.TimestampConverter: between text, unix time and the logical types of Connect. */
export function timestampConverter(side: Side): TransformationClass {
  return class TimestampConverter implements Transformation {
    #field = ''
    #target: Kind = 'unix'
    #format: JavaDateFormat | undefined
    #precision: Precision = 'milliseconds'
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) => this.#structSchema(schema))

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#field = config.field
      this.#target = config['target.type'] as Kind
      this.#precision = config['unix.precision'] as Precision
      this.#replaceNull = config['replace.null.with.default']
      this.#format = config.format === '' ? undefined : new JavaDateFormat('format', config.format)
      if (this.#target === 'string' && this.#format === undefined)
        throw new ConfigError(
          'format',
          'TimestampConverter requires format option to be specified when using string timestamps',
        )
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      const value = valueOf(record, side) ?? null
      if (schema === undefined) return withSide(record, side, undefined, this.#schemaless(value))
      if (this.#field === '')
        return withSide(record, side, targetSchema(this.#target, schema.optional), this.#convert(value, kindOf(schema)))
      const updated = this.#schemas.of(schema)
      if (value === null) return withSide(record, side, updated, null)
      const struct = requireStruct(value, PURPOSE, schema)
      const fields = (schema.fields ?? []).map(({ name, schema: field }) => {
        const item = fieldValue(struct, name, field, this.#replaceNull)
        return [name, name === this.#field ? this.#convert(item, kindOf(field)) : item]
      })
      return withSide(record, side, updated, Object.fromEntries(fields))
    }

    #schemaless(value: unknown): unknown {
      if (this.#field === '') return this.#convert(value, guessed(value))
      if (value === null) return null
      const map = requireMap(value, PURPOSE)
      const item = map[this.#field] ?? null
      return { ...map, [this.#field]: this.#convert(item, guessed(item)) }
    }

    #structSchema(schema: Schema): Schema {
      const fields = (schema.fields ?? []).map(
        ({ name, schema: field }) =>
          [name, name === this.#field ? targetSchema(this.#target, field.optional) : field] as const,
      )
      return of.struct(fields, { ...basicsOf(schema), optional: schema.optional })
    }

    #convert(value: unknown, kind: Kind): unknown {
      return value === null ? null : this.#written(this.#read(value, kind))
    }

    #read(value: unknown, kind: Kind): Date {
      if (value instanceof Date) return value
      if (kind === 'unix' && (typeof value === 'bigint' || typeof value === 'number'))
        return fromUnix(BigInt(value), this.#precision)
      if (kind !== 'string' || typeof value !== 'string')
        throw new DataError(`TimestampConverter expected a ${kind}, but found ${javaClass(value)}`)
      if (this.#format === undefined)
        throw new DataError('TimestampConverter requires format option to be specified when using string timestamps')
      try {
        return this.#format.parse(value)
      } catch (error) {
        throw new DataError(
          `Could not parse timestamp: value (${value}) does not match pattern (${this.#format.pattern})`,
          { cause: error },
        )
      }
    }

    #written(date: Date): unknown {
      const millis = date.getTime()
      switch (this.#target) {
        case 'string':
          return this.#format!.format(date)
        case 'unix':
          return toUnix(millis, this.#precision)
        case 'Date':
          return new Date(Math.floor(millis / DAY_MS) * DAY_MS)
        case 'Time':
          return new Date(millis - Math.floor(millis / DAY_MS) * DAY_MS)
        case 'Timestamp':
          return date
      }
    }
  }
}

function targetSchema(kind: Kind, optional: boolean): Schema {
  switch (kind) {
    case 'string':
      return of.string({ optional })
    case 'unix':
      return of.int64({ optional })
    case 'Date':
      return dateSchema({ optional })
    case 'Time':
      return timeSchema({ optional })
    case 'Timestamp':
      return timestampSchema({ optional })
  }
}

function kindOf(schema: Schema): Kind {
  if (schema.name === TIMESTAMP) return 'Timestamp'
  if (schema.name === DATE) return 'Date'
  if (schema.name === TIME) return 'Time'
  if (schema.type === 'STRING') return 'string'
  if (schema.type === 'INT64') return 'unix'
  throw new DataError(
    `Schema Schema{${schema.name ?? schema.type}} does not correspond to a known timestamp type format`,
  )
}

function guessed(value: unknown): Kind {
  if (value === null || value instanceof Date) return 'Timestamp'
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'unix'
  if (typeof value === 'string') return 'string'
  throw new DataError(`TimestampConverter does not support class ${javaClass(value)} objects as timestamps`)
}

const PER_MILLI: Readonly<Record<Precision, bigint>> = {
  seconds: 0n,
  milliseconds: 1n,
  microseconds: 1000n,
  nanoseconds: 1_000_000n,
}

function fromUnix(value: bigint, precision: Precision): Date {
  const date = new Date(Number(precision === 'seconds' ? value * 1000n : value / PER_MILLI[precision]))
  // Java counts milliseconds in 64 bits, a Date about 53 of them: the years -271821 to 275760
  if (Number.isNaN(date.getTime())) throw new DataError(`Unix time ${value} ${precision} is out of range`)
  return date
}

function toUnix(millis: number, precision: Precision): bigint {
  return precision === 'seconds' ? BigInt(millis) / 1000n : BigInt(millis) * PER_MILLI[precision]
}
