import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Props, SourceRecord } from 'naru/api'
import { JsonConverter } from '../../runtime/converters/json-converter.ts'
import { jsonMembers } from '../support/json-members.ts'
import {
  checkTypeRow,
  createRecordedTable,
  createTypeTables,
  insertTypeRows,
  records,
  rowsOf,
  stable,
  typeTables,
  VERSION,
  valueSchemaText,
} from '../support/postgres-fixtures.ts'
import { PostgresUnderTest, SourceDriver } from '../support/postgres-source-driver.ts'

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
    await createRecordedTable((text) => db.sql(text))
    await db.sql('CREATE TABLE inventory.b (id int PRIMARY KEY)')
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
      assert.equal(stable(valueText(withSchemas, record)), stable(`${valueSchemaText}"payload":${golden.payload}}`))
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

describe('values and schemas of all types are byte for byte those of Debezium', () => {
  let db: PostgresUnderTest

  before(async () => {
    db = await PostgresUnderTest.start()
    await createTypeTables((text) => db.sql(text))
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  function check(run: string, streamed: readonly SourceRecord[]): number {
    let checked = 0
    for (const record of streamed) {
      const table = typeTables.find(({ name }) => record.topic.endsWith(`.${name}`))!
      const row = jsonMembers(jsonMembers(valueText(withoutSchemas, record)).get('after')!)
      const fields = new Map(
        record.valueSchema!.fields![1]!.schema.fields!.map((field) => [field.name, field.schema] as const),
      )
      checked += checkTypeRow(run, table, row, (column) => schemaText(fields.get(column)!))
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
      await insertTypeRows((text) => db.sql(text))
      const count = typeTables.reduce((sum, table) => sum + rowsOf(table), 0)
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
