import { configDef, ConfigError, DataError, schema as of, timestampSchema } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, SinkRecord, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  basicsOf,
  copyOf,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const PURPOSE = 'field insertion'
const SUFFIX = "Suffix with '!' to make this a required field, or '?' to keep it optional (the default)."

const field = (what: string) =>
  ({ type: 'STRING', default: null, importance: 'MEDIUM', documentation: `Field name for ${what}. ${SUFFIX}` }) as const

const definition = configDef({
  'topic.field': field('Kafka topic'),
  'partition.field': field('Kafka partition'),
  'offset.field': field('Kafka offset - only applicable to sink connectors'),
  'timestamp.field': field('record timestamp'),
  'static.field': field('static data field'),
  'static.value': {
    type: 'STRING',
    default: null,
    importance: 'MEDIUM',
    documentation: 'Static field value, if field name configured.',
  },
  ...replaceNullKey,
})

/** One field to insert: `undefined` from a source means that it is left out. */
interface Insertion {
  readonly name: string
  readonly schema: Schema
  /** With a schema; schemaless values differ where `raw` is given. */
  readonly value: (record: ConnectRecord) => unknown
  readonly raw?: (record: ConnectRecord) => unknown
}

/** org.apache.kafka.connect.transforms.InsertField: fields of record metadata or a static value. */
export function insertField(side: Side): TransformationClass {
  return class InsertField implements Transformation {
    #insertions: readonly Insertion[] = []
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) => withInsertions(schema, this.#insertions))

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#insertions = insertionsOf(config)
      this.#replaceNull = config['replace.null.with.default']
      if (this.#insertions.length === 0) throw new ConfigError('static.field', 'No field insertion configured')
    }

    apply(record: ConnectRecord): ConnectRecord {
      const value = valueOf(record, side)
      if (value === null || value === undefined) return record
      const schema = schemaOf(record, side)
      if (schema === undefined) return withSide(record, side, undefined, this.#schemaless(record, value))
      const struct = requireStruct(value, PURPOSE, schema)
      const updated = copyOf(struct, schema, this.#replaceNull)
      for (const insertion of this.#insertions) {
        const inserted = insertion.value(record)
        if (inserted !== undefined) updated[insertion.name] = inserted
      }
      return withSide(record, side, this.#schemas.of(schema), updated)
    }

    #schemaless(record: ConnectRecord, value: unknown): Record<string, unknown> {
      const updated: Record<string, unknown> = { ...requireMap(value, PURPOSE) }
      for (const insertion of this.#insertions) {
        const inserted = (insertion.raw ?? insertion.value)(record)
        if (inserted !== undefined) updated[insertion.name] = inserted
      }
      return updated
    }
  }
}

function withInsertions(schema: Schema, insertions: readonly Insertion[]): Schema {
  const fields = [...(schema.fields ?? []), ...insertions].map((each) => [each.name, each.schema] as const)
  const names = new Set<string>()
  for (const [name] of fields) {
    if (names.has(name)) throw new DataError(`Cannot create field because of field name duplication ${name}`)
    names.add(name)
  }
  return of.struct(fields, basicsOf(schema))
}

function insertionsOf(config: ReturnType<(typeof definition)['parse']>): readonly Insertion[] {
  const insertions: Insertion[] = []
  const add = (
    spec: string | null,
    make: (optional: boolean) => Schema,
    value: Insertion['value'],
    raw?: Insertion['raw'],
  ): void => {
    if (spec === null) return
    const name = spec.replace(/[!?]$/, '')
    insertions.push({ name, schema: make(!spec.endsWith('!')), value, ...(raw === undefined ? {} : { raw }) })
  }
  add(
    config['topic.field'],
    (optional) => of.string({ optional }),
    (record) => record.topic,
  )
  add(
    config['partition.field'],
    (optional) => of.int32({ optional }),
    (record) => record.partition,
  )
  add(
    config['offset.field'],
    (optional) => of.int64({ optional }),
    (record) => BigInt(sinkOffset(record)),
    sinkOffset,
  )
  add(
    config['timestamp.field'],
    (optional) => timestampSchema({ optional }),
    (record) => (record.timestamp === undefined ? undefined : new Date(record.timestamp)),
    (record) => record.timestamp,
  )
  const text = config['static.value']
  if (config['static.field'] !== null && text === null)
    throw ConfigError.invalid('static.value', null, `No value specified for static field: ${config['static.field']}`)
  add(
    config['static.field'],
    (optional) => of.string({ optional }),
    () => text,
  )
  return insertions
}

function sinkOffset(record: ConnectRecord): number {
  if ('sourceOffset' in record)
    throw new DataError(
      `Only SinkRecord supported for [${PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord`,
    )
  return (record as SinkRecord).offset
}
