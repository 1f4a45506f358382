import type pg from 'pg'
import { quoteIdentifier, rows } from './connection.ts'

export type AutocreateMode = 'all_tables' | 'filtered' | 'disabled' | 'no_tables'

export interface TableName {
  readonly schema: string
  readonly table: string
}

export interface PublicationOptions {
  readonly name: string
  readonly mode: AutocreateMode
  readonly viaPartitionRoot: boolean
  /** `insert, update`: what is published, when the user excluded operations explicitly. */
  readonly publish: string | undefined
  /** Captured tables, for `filtered`. */
  readonly tables: readonly TableName[]
}

export type PublicationPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'run'; readonly sql: string }
  | { readonly do: 'fail'; readonly reason: 'missing' | 'all-tables' | 'no-tables' }

export interface ExistingPublication {
  readonly allTables: boolean
  readonly tables: readonly TableName[]
}

/** What has to happen so that the publication serves the connector (Debezium: publication.autocreate.mode). */
export function publicationPlan(
  options: PublicationOptions,
  existing: ExistingPublication | undefined,
): PublicationPlan {
  const name = quoteIdentifier(options.name)
  switch (options.mode) {
    case 'disabled':
      return existing === undefined ? { do: 'fail', reason: 'missing' } : { do: 'nothing' }
    case 'no_tables':
      return existing === undefined
        ? { do: 'run', sql: `CREATE PUBLICATION ${name}${withClause(options)}` }
        : { do: 'nothing' }
    case 'all_tables':
      return existing === undefined
        ? { do: 'run', sql: `CREATE PUBLICATION ${name} FOR ALL TABLES${withClause(options)}` }
        : { do: 'nothing' }
    case 'filtered': {
      const tables = options.tables.map(qualified).sort()
      if (existing?.allTables === true) return { do: 'fail', reason: 'all-tables' }
      if (tables.length === 0) return { do: 'fail', reason: 'no-tables' }
      if (existing === undefined)
        return { do: 'run', sql: `CREATE PUBLICATION ${name} FOR TABLE ${tables.join(', ')}${withClause(options)}` }
      const published = existing.tables.map(qualified).sort()
      return tables.join() === published.join()
        ? { do: 'nothing' }
        : { do: 'run', sql: `ALTER PUBLICATION ${name} SET TABLE ${tables.join(', ')}` }
    }
  }
}

export async function readPublication(client: pg.Client, name: string): Promise<ExistingPublication | undefined> {
  const [row] = await rows(client, 'SELECT puballtables FROM pg_publication WHERE pubname = $1', [name])
  if (row === undefined) return undefined
  const allTables = row['puballtables'] === 't'
  const tables = allTables
    ? []
    : await rows(client, 'SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $1', [name])
  return { allTables, tables: tables.map((t) => ({ schema: t['schemaname'] ?? '', table: t['tablename'] ?? '' })) }
}

export function qualified(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)}`
}

function withClause(options: PublicationOptions): string {
  const parts = [
    ...(options.publish === undefined ? [] : [`publish = '${options.publish}'`]),
    ...(options.viaPartitionRoot ? ['publish_via_partition_root = true'] : []),
  ]
  return parts.length === 0 ? '' : ` WITH (${parts.join(', ')})`
}
