import type { Logger } from 'naru/api'
import type pg from 'pg'
import type { PostgresSourceConfig } from './postgres-source-config.ts'
import type { CatalogTable, TypeCatalog } from './postgres/catalog.ts'
import { readTable, readTypes } from './postgres/catalog.ts'
import type { RelationMessage } from './postgres/pgoutput-messages.ts'
import type { RowColumn } from './table-schema.ts'
import { TableSchema } from './table-schema.ts'
import type { TopicNaming } from './topic-naming.ts'

/** Compiles tables when they are first met or have changed. Lives as long as its connection. */
export class TableRegistry {
  readonly #client: pg.Client
  readonly #config: PostgresSourceConfig
  readonly #naming: TopicNaming
  readonly #logger: Logger
  readonly #compiled = new Map<number, { readonly fingerprint: string; readonly table: TableSchema }>()
  #types: TypeCatalog

  private constructor(options: TableRegistryOptions, types: TypeCatalog) {
    this.#client = options.client
    this.#config = options.config
    this.#naming = options.naming
    this.#logger = options.logger
    this.#types = types
  }

  static async open(options: TableRegistryOptions): Promise<TableRegistry> {
    return new TableRegistry(options, await readTypes(options.client))
  }

  /**
   * The table of a Relation message: names, types and order from the message, nullability, defaults, key and enum labels from
   * the catalog as it is now. Undefined: not captured.
   */
  async ofRelation(message: RelationMessage): Promise<TableSchema | undefined> {
    const name = { schema: message.schema, table: message.table }
    if (!this.#config.filter.table(name)) return undefined
    const columns = message.columns.map(({ name: column, typeOid, typmod, key }) => ({
      name: column,
      typeOid,
      typmod,
      identity: key,
    }))
    return this.#compile(message.oid, name, columns, await readTable(this.#client, message.oid))
  }

  /** The table with those columns that events show or their key needs, for a snapshot. */
  async ofCatalog(catalog: CatalogTable): Promise<TableSchema> {
    const { filter, keyRules } = this.#config
    const identity = `${catalog.schema}.${catalog.table}`
    const key = keyRules.find(({ table }) => table.test(identity))?.columns ?? catalog.keyColumns
    const columns = catalog.columns
      .filter(({ name }) => filter.column(catalog, name) || key.includes(name))
      .map(({ name, typeOid, typmod }) => ({ name, typeOid, typmod, identity: false }))
    return this.#compile(catalog.oid, catalog, columns, catalog)
  }

  async #compile(
    oid: number,
    name: { readonly schema: string; readonly table: string },
    columns: readonly RowColumn[],
    catalog: CatalogTable | undefined,
  ): Promise<TableSchema> {
    const userTypes = columns.filter(({ typeOid }) => typeOid >= FIRST_USER_OID || !this.#types.has(typeOid))
    // labels and domains may have changed; the server sends a new Relation message then
    if (userTypes.length > 0) this.#types = await readTypes(this.#client)
    const fingerprint = JSON.stringify([
      name.schema,
      name.table,
      columns,
      catalog,
      userTypes.map((c) => this.#types.get(c.typeOid)),
    ])
    const known = this.#compiled.get(oid)
    if (known?.fingerprint === fingerprint) return known.table
    if (catalog === undefined)
      this.#logger.warn(
        `table ${name.schema}.${name.table} no longer exists; its remaining events have no key and no defaults`,
      )
    const table = new TableSchema({
      name,
      topic: this.#naming.data(name),
      columns,
      catalog,
      types: this.#types,
      options: {
        filter: this.#config.filter,
        keyRules: this.#config.keyRules,
        types: this.#config.types,
        logger: this.#logger,
      },
    })
    this.#compiled.set(oid, { fingerprint, table })
    return table
  }
}

export interface TableRegistryOptions {
  /** An ordinary connection. */
  readonly client: pg.Client
  readonly config: PostgresSourceConfig
  readonly naming: TopicNaming
  readonly logger: Logger
}

/** Types below are built in and never change. */
const FIRST_USER_OID = 16_384
