import { ConfigError } from 'naru/api'
import type pg from 'pg'
import type { PostgresSourceConfig } from './postgres-source-config.ts'
import type { CatalogTable } from './postgres/catalog.ts'
import { listTables, readTable } from './postgres/catalog.ts'
import { quoteIdentifier, rows } from './postgres/connection.ts'
import type { PublicationPlan } from './postgres/publication.ts'
import { publicationPlan, qualified, readPublication } from './postgres/publication.ts'
import type { SlotState } from './postgres/replication-slot.ts'
import { readSlot } from './postgres/replication-slot.ts'

/** Connections of the same connector, which validation must not report as a stranger's. */
export function applicationName(config: PostgresSourceConfig, role: string): string {
  return `naru ${role} ${config.prefix}`.slice(0, 63)
}

export interface ServerState {
  readonly slot: SlotState | undefined
  /** Captured tables, sorted. */
  readonly tables: readonly CatalogTable[]
  readonly publication: PublicationPlan
}

/** Everything about the server that can stop the connector, as errors of keys; empty: it can run. */
export async function serverProblems(
  client: pg.Client,
  config: PostgresSourceConfig,
): Promise<{ readonly problems: readonly ConfigError[]; readonly state: ServerState }> {
  const streams = config.snapshot.mode !== 'initial_only'
  const tables = await capturedTables(client, config)
  const slot = await readSlot(client, config.slot.name)
  const existing = await readPublication(client, config.publication.name)
  const publication = publicationPlan({ ...config.publication, publish: config.publish, tables }, existing)
  const problems: (ConfigError | undefined)[] = []
  if (streams) {
    problems.push(await walLevelProblem(client), await roleProblem(client, config))
    problems.push(
      await slotProblem(client, config, slot),
      await publicationProblem(client, config, publication, tables),
    )
  }
  problems.push(await selectProblem(client, config, tables))
  return { problems: problems.filter((problem) => problem !== undefined), state: { slot, tables, publication } }
}

/** Partitioned tables are read once: as the root or as the leaves, whichever name their events bear. */
async function capturedTables(client: pg.Client, config: PostgresSourceConfig): Promise<readonly CatalogTable[]> {
  const captured: CatalogTable[] = []
  for (const name of await listTables(client)) {
    if (!config.filter.table(name)) continue
    const table = await readTable(client, name.oid)
    if (table === undefined) continue
    if (config.publication.viaPartitionRoot ? table.partition : table.partitioned) continue
    captured.push(table)
  }
  return captured
}

async function walLevelProblem(client: pg.Client): Promise<ConfigError | undefined> {
  const [row] = await rows(client, 'SHOW wal_level')
  const level = row?.['wal_level']
  if (level === 'logical') return undefined
  return new ConfigError(
    'database.hostname',
    `wal_level of the server is "${level}", logical decoding needs "logical". Run as superuser: ALTER SYSTEM SET wal_level = 'logical'; then restart the server`,
  )
}

async function roleProblem(client: pg.Client, config: PostgresSourceConfig): Promise<ConfigError | undefined> {
  const [row] = await rows(
    client,
    `SELECT rolsuper OR rolreplication OR EXISTS (
       SELECT 1 FROM pg_roles m WHERE m.rolname IN ('rds_superuser', 'rdsadmin', 'rdsrepladmin', 'rds_replication')
          AND pg_has_role(current_user, m.oid, 'MEMBER')) AS allowed
       FROM pg_roles WHERE rolname = current_user`,
  )
  if (row?.['allowed'] === 't') return undefined
  const { user } = config.connection
  return new ConfigError(
    'database.user',
    `user "${user}" has no REPLICATION right. Run as superuser: ALTER ROLE ${quoteIdentifier(user)} REPLICATION;`,
  )
}

async function slotProblem(
  client: pg.Client,
  config: PostgresSourceConfig,
  slot: SlotState | undefined,
): Promise<ConfigError | undefined> {
  if (slot === undefined) return undefined
  const drop = `SELECT pg_drop_replication_slot('${slot.name}');`
  const { database } = config.connection
  if (slot.plugin !== 'pgoutput' || slot.database !== database) {
    const of =
      slot.database === undefined ? 'physical replication' : `database "${slot.database}" with plugin ${slot.plugin}`
    return new ConfigError(
      'slot.name',
      `replication slot "${slot.name}" belongs to ${of}. Choose another slot.name, or run: ${drop}`,
    )
  }
  if (slot.lost) {
    return new ConfigError(
      'slot.name',
      `replication slot "${slot.name}" was invalidated: the server removed WAL that it needs (max_slot_wal_keep_size). Run: ${drop} and take a new snapshot`,
    )
  }
  if (slot.activePid === undefined) return undefined
  const [holder] = await rows(client, 'SELECT application_name FROM pg_stat_activity WHERE pid = $1', [slot.activePid])
  if (holder?.['application_name'] === applicationName(config, 'streaming')) return undefined
  return slotInUse(slot.name, slot.activePid)
}

export function slotInUse(slot: string, pid: number | undefined): ConfigError {
  return new ConfigError(
    'slot.name',
    `replication slot "${slot}" is used by process ${pid ?? 'unknown'} of the server. Stop that client or choose another slot.name; to end it, run: SELECT pg_terminate_backend(${pid ?? 'active_pid'})${pid === undefined ? ` FROM pg_replication_slots WHERE slot_name = '${slot}'` : ''};`,
  )
}

async function publicationProblem(
  client: pg.Client,
  config: PostgresSourceConfig,
  plan: PublicationPlan,
  tables: readonly CatalogTable[],
): Promise<ConfigError | undefined> {
  const { name, mode } = config.publication
  const quoted = quoteIdentifier(name)
  const list = tables.slice(0, 20).map(qualified).join(', ') || '<schema>.<table>'
  switch (plan.do) {
    case 'nothing':
      return undefined
    case 'fail':
      return new ConfigError(
        'publication.name',
        publicationFailure(plan.reason, name, `CREATE PUBLICATION ${quoted} FOR TABLE ${list};`),
      )
    case 'run': {
      const [row] = await rows(
        client,
        `SELECT rolsuper, has_database_privilege(current_database(), 'CREATE') AS creates FROM pg_roles WHERE rolname = current_user`,
      )
      const allowed =
        mode === 'all_tables' ? row?.['rolsuper'] === 't' : row?.['rolsuper'] === 't' || row?.['creates'] === 't'
      if (allowed) return undefined
      return new ConfigError(
        'publication.name',
        `user "${config.connection.user}" may not create publication "${name}" (publication.autocreate.mode=${mode}). Run as superuser: ${plan.sql};`,
      )
    }
  }
}

function publicationFailure(
  reason: (PublicationPlan & { do: 'fail' })['reason'],
  name: string,
  create: string,
): string {
  switch (reason) {
    case 'missing':
      return `publication "${name}" does not exist and publication.autocreate.mode is disabled. Run: ${create}`
    case 'all-tables':
      return `publication "${name}" is FOR ALL TABLES and cannot be filtered. Set publication.autocreate.mode=all_tables, or run: DROP PUBLICATION ${quoteIdentifier(name)};`
    case 'no-tables':
      return `no table passes the filters, so publication "${name}" would be empty. Check table.include.list, or create the tables first`
  }
}

async function selectProblem(
  client: pg.Client,
  config: PostgresSourceConfig,
  tables: readonly CatalogTable[],
): Promise<ConfigError | undefined> {
  if (config.snapshot.mode === 'no_data' || tables.length === 0) return undefined
  const denied = await rows(
    client,
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = ANY ($1::oid[]) AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'))`,
    [`{${tables.map(({ oid }) => oid).join(',')}}`],
  )
  if (denied.length === 0) return undefined
  const names = denied.map((row) => row['name']).join(', ')
  const user = quoteIdentifier(config.connection.user)
  const schemas = [...new Set(tables.map(({ schema }) => quoteIdentifier(schema)))].join(', ')
  return new ConfigError(
    'database.user',
    `user ${user} may not read ${names}. Run as owner: GRANT USAGE ON SCHEMA ${schemas} TO ${user}; GRANT SELECT ON ${names} TO ${user};`,
  )
}
