import type pg from 'pg'
import { rows } from './connection.ts'
import type { TableName } from './publication.ts'

export interface PgType {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** `b`ase, `c`omposite, `d`omain, `e`num, `m`ultirange, `p`seudo, `r`ange */
  readonly kind: string
  /** Domains: the type and typmod beneath. */
  readonly baseOid: number
  readonly baseTypmod: number
  /** Arrays: the element type; else 0. */
  readonly elementOid: number
  /** Enums, in sort order. */
  readonly labels: readonly string[]
}

export type TypeCatalog = ReadonlyMap<number, PgType>

export async function readTypes(client: pg.Client): Promise<TypeCatalog> {
  const labels = new Map<number, string[]>()
  for (const row of await rows(client, 'SELECT enumtypid, enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder')) {
    const oid = Number(row['enumtypid'])
    const of = labels.get(oid) ?? []
    of.push(row['enumlabel'] ?? '')
    labels.set(oid, of)
  }
  const types = await rows(
    client,
    `SELECT t.oid, n.nspname, t.typname, t.typtype, t.typbasetype, t.typtypmod,
            CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS element
       FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`,
  )
  return new Map(
    types.map((row) => {
      const oid = Number(row['oid'])
      return [
        oid,
        {
          oid,
          schema: row['nspname'] ?? '',
          name: row['typname'] ?? '',
          kind: row['typtype'] ?? 'b',
          baseOid: Number(row['typbasetype']),
          baseTypmod: Number(row['typtypmod']),
          elementOid: Number(row['element']),
          labels: labels.get(oid) ?? [],
        },
      ]
    }),
  )
}

export interface CatalogColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
  readonly notNull: boolean
  /** Default expression as the server prints it. */
  readonly defaultExpression: string | undefined
  readonly identity: boolean
  readonly generated: boolean
}

/** A table as it is now; the rows of a stream may be older. */
export interface CatalogTable extends TableName {
  readonly oid: number
  readonly columns: readonly CatalogColumn[]
  /** Columns of the primary key in index order; else of the first unique index by name without expressions; else none. */
  readonly keyColumns: readonly string[]
  readonly replicaIdentity: string
  /** A partitioned table itself. */
  readonly partitioned: boolean
  /** A partition of another table. */
  readonly partition: boolean
}

/** Ordinary and partitioned tables outside the system schemas, sorted by schema and name. */
export async function listTables(client: pg.Client): Promise<readonly (TableName & { readonly oid: number })[]> {
  const found = await rows(
    client,
    `SELECT c.oid, n.nspname, c.relname
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_temp'
        AND c.relname <> 'spatial_ref_sys'
      ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  )
  return found.map((row) => ({ oid: Number(row['oid']), schema: row['nspname'] ?? '', table: row['relname'] ?? '' }))
}

export async function readTable(client: pg.Client, oid: number): Promise<CatalogTable | undefined> {
  const [table] = await rows(
    client,
    `SELECT n.nspname, c.relname, c.relkind, c.relispartition, c.relreplident
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid`,
    [oid],
  )
  if (table === undefined) return undefined
  const columns = await rows(
    client,
    `SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS notnull,
            pg_get_expr(d.adbin, d.adrelid) AS def, a.attidentity <> '' AS identity, a.attgenerated <> '' AS generated
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [oid],
  )
  const indexes = await rows(
    client,
    `SELECT i.indisprimary, c.relname AS index, a.attname
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
       LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
      WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL
        AND k.position <= i.indnkeyatts
      ORDER BY NOT i.indisprimary, c.relname COLLATE "C", k.position`,
    [oid],
  )
  const first = indexes[0]?.['index']
  return {
    oid,
    schema: table['nspname'] ?? '',
    table: table['relname'] ?? '',
    partitioned: table['relkind'] === 'p',
    partition: table['relispartition'] === 't',
    replicaIdentity: table['relreplident'] ?? 'd',
    keyColumns: indexes.filter((row) => row['index'] === first).map((row) => row['attname'] ?? ''),
    columns: columns.map((row) => ({
      name: row['attname'] ?? '',
      typeOid: Number(row['atttypid']),
      typmod: Number(row['atttypmod']),
      notNull: row['notnull'] === 't',
      defaultExpression: row['generated'] === 't' ? undefined : (row['def'] ?? undefined),
      identity: row['identity'] === 't',
      generated: row['generated'] === 't',
    })),
  }
}
