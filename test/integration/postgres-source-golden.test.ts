import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Props, SourceRecord } from 'naru/api'
import { JsonConverter } from '../../runtime/converters/json-converter.ts'
import { jsonMembers } from '../support/json-members.ts'
import { PostgresUnderTest, SourceDriver } from '../support/postgres-source-driver.ts'

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
interface Types {
  readonly tables: readonly { readonly name: string; readonly columns: readonly Column[] }[]
  readonly runs: readonly { readonly name: string; readonly columns: readonly (Column & { table: string })[] }[]
}

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../fixtures/postgres/${name}`, import.meta.url), 'utf8')) as T
const records = fixture<Records>('records.json')
const types = fixture<Types>('types.json')

const VERSION = { 'debezium.compat.version': '3.7.0-SNAPSHOT' }

function converter(schemas: boolean): JsonConverter {
  const json = new JsonConverter()
  json.configure({ 'schemas.enable': String(schemas) })
  return json
}
const withSchemas = converter(true)
const withoutSchemas = converter(false)

const keyText = (json: JsonConverter, record: SourceRecord) =>
  Buffer.from(json.fromConnectData(record.topic, record.keySchema, record.key) ?? []).toString()
const valueText = (json: JsonConverter, record: SourceRecord) =>
  Buffer.from(json.fromConnectData(record.topic, record.valueSchema, record.value) ?? []).toString()

/** Clocks, LSNs and transaction ids differ from run to run. */
function stable(text: string): string {
  return text
    .replaceAll(/"(ts_ms|ts_us|ts_ns|txId|lsn|lsn_proc|lsn_commit|ts_usec)":\d+/g, '"$1":0')
    .replaceAll(/\\"\d+\\"/g, '\\"0\\"')
    .replaceAll(/"id":"\d+:\d+"/g, '"id":"0"')
    .replaceAll(/"transaction_id":"\d+"/g, '"transaction_id":"0"')
    .replaceAll('"db":"inv"', '"db":"postgres"')
}

const offsetText = (offset: object) => stable(JSON.stringify(offset))

async function slotsActive(db: PostgresUnderTest, count: number): Promise<void> {
  for (;;) {
    const [row] = await db.sql('SELECT count(*)::int AS n FROM pg_replication_slots WHERE active')
    if (row?.['n'] === count) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('records of the Postgres source are byte for byte those of Debezium', () => {
  let db: PostgresUnderTest

  before(async () => {
    db = await PostgresUnderTest.start()
    await db.sql(`
      CREATE SCHEMA inventory;
      CREATE TYPE inventory.mood AS ENUM ('sad', 'ok', 'happy');
      CREATE TABLE inventory.orders (
        id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', amount numeric(10,2) DEFAULT 1.5, n numeric, ts timestamp,
        tstz timestamptz, d date, t time(3), ok boolean NOT NULL DEFAULT true, js jsonb, uid uuid, m inventory.mood DEFAULT 'ok',
        tags text[], b bytea, big bigint DEFAULT 7, f4 real, iv interval);
      ALTER TABLE inventory.orders REPLICA IDENTITY FULL;
      CREATE TABLE inventory.b (id int PRIMARY KEY)`)
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  test('insert, update, delete and tombstone, with schemas, keys, offsets and headers', async () => {
    const props = db.props({
      ...VERSION,
      'table.include.list': 'inventory.orders',
      'snapshot.mode': 'no_data',
      'slot.name': 'golden',
    })
    await using source = await SourceDriver.start(props)
    await slotsActive(db, 1)
    for (const statement of records.sql) await db.sql(statement)
    const [inserted, updated, deleted, tombstone] = await source.records(4)
    const schema = records.insert.value.slice(0, records.insert.value.indexOf('"payload":'))

    assert.equal(inserted!.topic, 'srv.inventory.orders')
    assert.equal(inserted!.partition, undefined)
    assert.equal(inserted!.timestamp, undefined)
    assert.equal(keyText(withSchemas, inserted!), records.insert.key)
    assert.equal(stable(valueText(withSchemas, inserted!)), stable(records.insert.value))
    assert.equal(offsetText(inserted!.sourceOffset), offsetText(records.insert.offset))
    assert.deepEqual(inserted!.sourcePartition, { server: 'srv' })
    assert.deepEqual(inserted!.headers.map(({ key, value }) => [key, value]).slice(0, 3), [
      ['__debezium.context.connectorLogicalName', 'srv'],
      ['__debezium.context.taskId', '0'],
      ['__debezium.context.connectorName', 'postgresql'],
    ])
    for (const [record, golden] of [
      [updated!, records.update],
      [deleted!, records.delete],
    ] as const) {
      assert.equal(keyText(withSchemas, record), records.insert.key)
      assert.equal(stable(valueText(withSchemas, record)), stable(`${schema}"payload":${golden.payload}}`))
      assert.equal(offsetText(record.sourceOffset), offsetText(golden.offset))
    }
    assert.equal(keyText(withSchemas, tombstone!), records.insert.key)
    assert.equal(tombstone!.value, null)
    assert.equal(tombstone!.valueSchema, undefined)
    assert.equal(tombstone!.sourceOffset, deleted!.sourceOffset)
  })

  test('heartbeats, transaction metadata, logical messages and truncates', async () => {
    const props = db.props({
      ...VERSION,
      'snapshot.mode': 'no_data',
      'slot.name': 'golden_others',
      'table.include.list': 'inventory.b',
      'skipped.operations': 'none',
      'provide.transaction.metadata': 'true',
      'publication.name': 'golden_others',
    })
    {
      await using source = await SourceDriver.start(props)
      await slotsActive(db, 1)
      await db.sql(
        `BEGIN; INSERT INTO inventory.b VALUES (1); SELECT pg_logical_emit_message(true, 'pre', 'hello'); COMMIT`,
      )
      const [begin, , message, end] = await source.records(4)
      assert.equal(begin!.topic, 'srv.transaction')
      assert.equal(stable(keyText(withSchemas, begin!)), stable(records.begin.key))
      assert.equal(stable(valueText(withSchemas, begin!)), stable(records.begin.value))
      assert.equal(message!.topic, 'srv.message')
      assert.equal(keyText(withSchemas, message!), records.message.key)
      assert.equal(stable(valueText(withSchemas, message!)), stable(records.message.value))
      assert.match(
        valueText(withoutSchemas, end!),
        /^\{"status":"END","id":"\d+:\d+","event_count":2,"data_collections":\[/,
      )

      await db.sql(`SELECT pg_logical_emit_message(false, 'pre2', 'non-tx')`)
      const [outside] = await source.records(1)
      assert.equal(stable(valueText(withoutSchemas, outside!)), stable(records.messageOutside.payload))
      assert.equal(offsetText(outside!.sourceOffset), offsetText(records.messageOutside.offset))

      await db.sql('TRUNCATE inventory.b')
      const [, truncate] = await source.records(3)
      assert.equal(truncate!.key, null)
      const expected = records.truncate.payload.replace('"schema":"x"', '"schema":"inventory"')
      assert.equal(stable(valueText(withoutSchemas, truncate!)), stable(expected))
    }
    await using beating = await SourceDriver.start({
      ...props,
      'provide.transaction.metadata': 'false',
      'heartbeat.interval.ms': '50',
    })
    await db.sql('INSERT INTO inventory.b VALUES (2)')
    const seen = [...(await beating.records(8))]
    const heartbeat = seen.find(({ topic }) => topic === '__debezium-heartbeat.srv')
    assert.ok(heartbeat)
    assert.equal(heartbeat.partition, 0)
    assert.equal(keyText(withSchemas, heartbeat), records.heartbeat.key)
    assert.equal(stable(valueText(withSchemas, heartbeat)), stable(records.heartbeat.value))
  })
})

/** Runs of the fixture file by name; the first is the default. */
const RUNS: Readonly<Record<string, Props>> = {
  default: {},
  A: {
    'decimal.handling.mode': 'double',
    'time.precision.mode': 'connect',
    'interval.handling.mode': 'string',
    'binary.handling.mode': 'base64',
    'hstore.handling.mode': 'map',
  },
  B: {
    'decimal.handling.mode': 'string',
    'time.precision.mode': 'isostring',
    'binary.handling.mode': 'hex',
    'include.unknown.datatypes': 'true',
  },
  C: { 'time.precision.mode': 'microseconds', 'binary.handling.mode': 'base64-url-safe' },
  D: { 'time.precision.mode': 'nanoseconds' },
  E: { 'time.precision.mode': 'structured' },
  F: { 'time.precision.mode': 'adaptive_time_microseconds' },
}

/** Where we differ on purpose: streamed values of type name are not lost, a negative scale is -2 and not 2046; PostGIS is not installed. */
const APART = new Set(['scal.nm', 'scal.nneg', 'geo.gm', 'geo.gp', 'geo.gg'])

describe('values and schemas of all types are byte for byte those of Debezium', () => {
  let db: PostgresUnderTest
  const installed = types.tables.map(({ name, columns }) => ({
    name,
    columns: columns.filter((column) => !name.startsWith('geo') || !/^g[mpg]$/.test(column.name)),
  }))

  before(async () => {
    db = await PostgresUnderTest.start()
    await db.sql(`
      CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext; CREATE EXTENSION isn;
      CREATE SCHEMA t;
      CREATE DOMAIN t.posint AS int CHECK (VALUE > 0); CREATE DOMAIN t.posint2 AS t.posint; CREATE DOMAIN t.money2 AS numeric(12,4);
      CREATE TYPE t.color AS ENUM ('red', 'green'); CREATE TYPE t.comp AS (a int, b text);
      SET lc_monetary = 'C'; SET TimeZone = 'UTC'`)
    for (const { name, columns } of installed) {
      const definitions = columns.map((column) => `"${column.name}" ${column.type}`)
      await db.sql(`CREATE TABLE t.${name} (id int PRIMARY KEY, ${definitions.join(', ')})`)
    }
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  async function insertAll(): Promise<void> {
    for (const { name, columns } of installed) {
      const stored = columns.map((column) => [column, storedValues(name, column)] as const)
      const count = Math.max(...stored.map(([, values]) => values.length))
      for (let row = 0; row < count; row++) {
        const set = stored.filter(([, values]) => values[row] !== undefined)
        const names = set.map(([column]) => `"${column.name}"`)
        const literals = set.map(([column, values]) => `'${values[row]!.replaceAll("'", "''")}'::${column.type}`)
        await db.sql(`INSERT INTO t.${name} (id, ${names.join(', ')}) VALUES (${row}, ${literals.join(', ')})`)
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

  function check(run: string, streamed: readonly SourceRecord[]): number {
    let checked = 0
    for (const record of streamed) {
      const table = installed.find(({ name }) => record.topic.endsWith(`.${name}`))!
      const row = jsonMembers(jsonMembers(valueText(withoutSchemas, record)).get('after')!)
      const fields = new Map(
        record.valueSchema!.fields![1]!.schema.fields!.map((field) => [field.name, field.schema] as const),
      )
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
        const schemaJson = schemaText(fields.get(column.name)!)
        assert.equal(schemaJson, JSON.stringify(golden.schema), `schema of ${id} in run ${run}`)
        const stored = storedValues(table.name, column)[number]
        const expected =
          stored === undefined ? 'null' : golden.values?.find((value) => value.stored === stored)?.payload
        if (expected === undefined) continue // not recorded in this run
        assert.equal(row.get(column.name), expected, `${id} of ${stored} in run ${run}`)
        checked++
      }
    }
    return checked
  }

  test('streamed, under every handling mode, and in a snapshot', async () => {
    const runs = Object.entries(RUNS)
    const sources = await Promise.all(
      runs.map(([name, settings]) =>
        SourceDriver.start(
          db.props({
            ...VERSION,
            ...settings,
            'snapshot.mode': 'no_data',
            'slot.name': `run_${name.toLowerCase()}`,
            'publication.name': `p_${name.toLowerCase()}`,
          }),
        ),
      ),
    )
    try {
      await slotsActive(db, runs.length)
      await insertAll()
      const count = installed.reduce(
        (sum, { name, columns }) => sum + Math.max(...columns.map((column) => storedValues(name, column).length)),
        0,
      )
      for (const [index, [name]] of runs.entries()) assert.ok(check(name, await sources[index]!.records(count)) > 100)
      await using snapshot = await SourceDriver.start(
        db.props({ ...VERSION, 'slot.name': 'snap', 'publication.name': 'p_snap' }),
      )
      assert.ok(check('default', await snapshot.records(count)) > 100)
    } finally {
      for (const source of sources) await source[Symbol.asyncDispose]()
    }
  })
})

/** The schema as the converter writes it. */
function schemaText(of: NonNullable<SourceRecord['valueSchema']>): string {
  const text = Buffer.from(withSchemas.fromConnectData('t', { ...of, optional: true }, null)!).toString()
  const written = JSON.stringify((JSON.parse(text) as { schema: object }).schema)
  return of.optional ? written : written.replace('"optional":true', '"optional":false')
}
