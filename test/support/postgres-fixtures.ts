import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** Vectors recorded from Debezium 3.7.0-SNAPSHOT. */
interface Records {
  readonly sql: readonly string[]
  readonly insert: { key: string; value: string; offset: object }
  readonly update: { payload: string; offset: object }
  readonly delete: { payload: string; offset: object }
  readonly heartbeat: { key: string; value: string }
  readonly begin: { key: string; value: string; offset: object }
  readonly message: { key: string; value: string }
  readonly messageOutside: { payload: string; offset: object }
  readonly truncate: { payload: string }
}
interface Value {
  readonly stored: string
  readonly payload: string
}
interface Column {
  readonly name: string
  readonly type: string
  readonly values: readonly Value[] | null
  readonly schema: object | null
}
interface Table {
  readonly name: string
  readonly columns: readonly Column[]
}
interface Types {
  readonly tables: readonly Table[]
  readonly runs: readonly { readonly name: string; readonly columns: readonly (Column & { table: string })[] }[]
}
type Sql = (text: string) => Promise<unknown>

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../fixtures/postgres/${name}`, import.meta.url), 'utf8')) as T

export const records = fixture<Records>('records.json')
const types = fixture<Types>('types.json')

/** The version the vectors were recorded from, as the connector is told it. */
export const VERSION = { 'debezium.compat.version': '3.7.0-SNAPSHOT' }

/** Schema of the values of the recorded table, as text in front of the payload. */
export const valueSchemaText = records.insert.value.slice(0, records.insert.value.indexOf('"payload":'))

/** Clocks, LSNs and transaction ids differ from run to run. */
export function stable(text: string): string {
  return text
    .replaceAll(/"(ts_ms|ts_us|ts_ns|txId|lsn|lsn_proc|lsn_commit|ts_usec)":\d+/g, '"$1":0')
    .replaceAll(/\\"\d+\\"/g, '\\"0\\"')
    .replaceAll(/"id":"\d+:\d+"/g, '"id":"0"')
    .replaceAll(/"transaction_id":"\d+"/g, '"transaction_id":"0"')
    .replaceAll('"db":"inv"', '"db":"postgres"')
}

/** The table of `records`. */
export async function createRecordedTable(sql: Sql): Promise<void> {
  await sql(`
    CREATE SCHEMA inventory;
    CREATE TYPE inventory.mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TABLE inventory.orders (
      id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', amount numeric(10,2) DEFAULT 1.5, n numeric, ts timestamp,
      tstz timestamptz, d date, t time(3), ok boolean NOT NULL DEFAULT true, js jsonb, uid uuid, m inventory.mood DEFAULT 'ok',
      tags text[], b bytea, big bigint DEFAULT 7, f4 real, iv interval);
    ALTER TABLE inventory.orders REPLICA IDENTITY FULL`)
}

/** Where we differ on purpose: streamed values of type name are not lost, a negative scale is -2 and not 2046; PostGIS is not installed. */
const APART = new Set(['scal.nm', 'scal.nneg', 'geo.gm', 'geo.gp', 'geo.gg'])

/** Tables with a column of every type; those of PostGIS are left out. */
export const typeTables: readonly Table[] = types.tables.map(({ name, columns }) => ({
  name,
  columns: columns.filter((column) => !name.startsWith('geo') || !/^g[mpg]$/.test(column.name)),
}))

/** The tables in schema `t`. Sets how the session writes money and clock times. */
export async function createTypeTables(sql: Sql): Promise<void> {
  await sql(`
    CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext; CREATE EXTENSION isn;
    CREATE SCHEMA t;
    CREATE DOMAIN t.posint AS int CHECK (VALUE > 0); CREATE DOMAIN t.posint2 AS t.posint; CREATE DOMAIN t.money2 AS numeric(12,4);
    CREATE TYPE t.color AS ENUM ('red', 'green'); CREATE TYPE t.comp AS (a int, b text);
    SET lc_monetary = 'C'; SET TimeZone = 'UTC'`)
  for (const { name, columns } of typeTables) {
    const definitions = columns.map((column) => `"${column.name}" ${column.type}`)
    await sql(`CREATE TABLE t.${name} (id int PRIMARY KEY, ${definitions.join(', ')})`)
  }
}

/** Rows 0, 1, … of a table hold the first, second, … recorded value of each column. */
export function rowsOf(table: Table): number {
  return Math.max(...table.columns.map((column) => storedValues(table.name, column).length))
}

export async function insertTypeRows(sql: Sql): Promise<void> {
  for (const table of typeTables) {
    const { name, columns } = table
    const stored = columns.map((column) => [column, storedValues(name, column)] as const)
    for (let row = 0; row < rowsOf(table); row++) {
      const set = stored.filter(([, values]) => values[row] !== undefined)
      const names = set.map(([column]) => `"${column.name}"`)
      const literals = set.map(([column, values]) => `'${values[row]!.replaceAll("'", "''")}'::${column.type}`)
      await sql(`INSERT INTO t.${name} (id, ${names.join(', ')}) VALUES (${row}, ${literals.join(', ')})`)
    }
  }
}

/** Columns that are left out by default have their values in run B. */
function storedValues(table: string, column: Column): readonly string[] {
  const b = types.runs.find(({ name }) => name === 'B')!
  const values =
    column.values ?? b.columns.find((other) => other.table === table && other.name === column.name)?.values ?? []
  return values.map(({ stored }) => stored)
}

/** Compares one row with what was recorded under the settings of `run`; answers how many values were compared. */
export function checkTypeRow(
  run: string,
  table: Table,
  row: ReadonlyMap<string, string>,
  /** Text of a column's schema; undefined where schemas are not written. */
  schemaOf: ((column: string) => string) | undefined,
): number {
  let checked = 0
  const number = Number(row.get('id'))
  for (const column of table.columns) {
    const id = `${table.name}.${column.name}`
    if (APART.has(id)) continue
    const special = types.runs
      .find(({ name }) => name === run)
      ?.columns.find((other) => other.table === table.name && other.name === column.name)
    const golden = special ?? column
    if (golden.schema === null) {
      if (run !== 'B') assert.equal(row.has(column.name), false, `${id} in run ${run}`)
      continue
    }
    if (schemaOf !== undefined)
      assert.equal(schemaOf(column.name), JSON.stringify(golden.schema), `schema of ${id} in run ${run}`)
    const stored = storedValues(table.name, column)[number]
    const expected = stored === undefined ? 'null' : golden.values?.find((value) => value.stored === stored)?.payload
    if (expected === undefined) continue // not recorded in this run
    assert.equal(row.get(column.name), expected, `${id} of ${stored} in run ${run}`)
    checked++
  }
  return checked
}
