import type { Logger, Schema } from 'naru/api'
import { schema, withAttributes } from 'naru/api'
import type { CaptureFilter, KeyRule } from './capture-filter.ts'
import { schemaDefault } from './column-default.ts'
import { TRANSACTION_BLOCK, sourceSchema } from './event-schemas.ts'
import type { CatalogTable, TypeCatalog } from './postgres/catalog.ts'
import type { TableName } from './postgres/publication.ts'
import type { EncodedColumn } from './row-encoder.ts'
import { KeyEncoder, RowEncoder } from './row-encoder.ts'
import { columnType } from './type-mapping.ts'
import type { TypeOptions } from './types/type-options.ts'

/** A column as the rows at hand have it: of a Relation message, or of the catalog when a snapshot is read. */
export interface RowColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
  /** Carried by old-key tuples. */
  readonly identity: boolean
}

export interface TableSchemaOptions {
  readonly filter: CaptureFilter
  readonly keyRules: readonly KeyRule[]
  readonly types: TypeOptions
  readonly logger: Logger
}

/** One version of a captured table: schemas and encoders, compiled once. */
export class TableSchema implements TableName {
  readonly schema: string
  readonly table: string
  readonly topic: string
  /** `schema.table` */
  readonly identity: string
  /** Undefined: events have no key. */
  readonly keySchema: Schema | undefined
  readonly valueSchema: Schema
  readonly row: RowEncoder
  readonly key: KeyEncoder | undefined
  readonly columns: readonly RowColumn[]

  constructor(parts: {
    name: TableName
    topic: string
    columns: readonly RowColumn[]
    catalog: CatalogTable | undefined
    types: TypeCatalog
    options: TableSchemaOptions
  }) {
    const { name, topic, columns, catalog, types, options } = parts
    this.schema = name.schema
    this.table = name.table
    this.topic = topic
    this.identity = `${name.schema}.${name.table}`
    this.columns = columns

    const encoded = columns.map((column) =>
      encodedColumn(column, catalog, types, options.types, lostOnce(options.logger, this.identity, column.name)),
    )
    const shown = encoded.map((column) => (column !== null && options.filter.column(name, column.name) ? column : null))
    const rowSchema = schema.struct(
      shown.filter((column) => column !== null).map((column) => [column.name, column.schema] as const),
      { name: `${topic}.Value`, optional: true },
    )
    this.valueSchema = envelopeSchema(topic, rowSchema)
    this.row = new RowEncoder(shown)

    const keyed = keyColumns(this.identity, catalog, options.keyRules)
      .map((column) => columns.findIndex(({ name: other }) => other === column))
      .flatMap((index) => (index < 0 || encoded[index] == null ? [] : [{ ...encoded[index], index }]))
    if (keyed.length > 0) {
      this.key = new KeyEncoder(keyed)
      this.keySchema = schema.struct(
        keyed.map((column) => [column.name, column.schema] as const),
        { name: `${topic}.Key` },
      )
    } else {
      this.key = undefined
      this.keySchema = undefined
    }
  }
}

function encodedColumn(
  column: RowColumn,
  catalog: CatalogTable | undefined,
  types: TypeCatalog,
  options: TypeOptions,
  onLost: () => void,
): EncodedColumn | null {
  const type = columnType(types, column.typeOid, column.typmod, options)
  if (type === undefined) return null
  const now = catalog?.columns.find(({ name }) => name === column.name)
  const codec = type.codec
  const standard =
    now === undefined || type.domain ? undefined : schemaDefault(codec, now.defaultExpression, now.identity)
  return {
    name: column.name,
    codec,
    onLost,
    schema: withAttributes(codec.schema, {
      optional: now === undefined || !now.notNull,
      ...(standard === undefined ? {} : { default: standard }),
    }),
  }
}

/** One warning per column and table version. */
function lostOnce(logger: Logger, table: string, column: string): () => void {
  let told = false
  return () => {
    if (told) return
    told = true
    logger.warn(
      `${table}.${column} holds values that its schema cannot express, such as NaN; they appear as null, or as the type's zero where the column is NOT NULL. decimal.handling.mode=double or string keeps them`,
    )
  }
}

/** message.key.columns, else the primary key, else the first unique index. */
function keyColumns(identity: string, catalog: CatalogTable | undefined, rules: readonly KeyRule[]): readonly string[] {
  return rules.find(({ table }) => table.test(identity))?.columns ?? catalog?.keyColumns ?? []
}

function envelopeSchema(topic: string, row: Schema): Schema {
  return schema.struct(
    [
      ['before', row],
      ['after', row],
      ['source', sourceSchema],
      ['transaction', TRANSACTION_BLOCK],
      ['op', schema.string()],
      ['ts_ms', schema.int64({ optional: true })],
      ['ts_us', schema.int64({ optional: true })],
      ['ts_ns', schema.int64({ optional: true })],
    ] as const,
    { name: `${topic}.Envelope`, version: 2 },
  )
}
