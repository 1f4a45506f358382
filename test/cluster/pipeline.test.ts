import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Props } from 'naru/api'
import pg from 'pg'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import type { FetchedRecord } from '../../runtime/kafka/records/fetched-record.ts'
import { createLogger } from '../../runtime/telemetry/logger.ts'
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
import { cdcConfig, Lab, s3Config } from './support/lab.ts'
import { type ConnectorStatus, isRunning } from './support/rest.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

const PATIENCE_MS = 60_000
const BYTES = 'org.apache.kafka.connect.converters.ByteArrayConverter'
const WITH_SCHEMAS = { 'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true' }
const converters = (schemas: boolean) => ({
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  ...(schemas ? WITH_SCHEMAS : { 'key.converter.schemas.enable': 'false', 'value.converter.schemas.enable': 'false' }),
})

const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('utf8'))
const payload = (value: string) => jsonMembers(value).get('payload')!

describe('rows travel from Postgres through Kafka into S3, all by the REST API', () => {
  let lab: Lab
  let kafka: KafkaClients
  let db: pg.Client
  let s3: S3Lines

  before(async () => {
    lab = await Lab.start({ workers: 1 })
    kafka = new KafkaClients({
      props: { 'bootstrap.servers': lab.kafka.bootstrap, 'client.id': 'pipeline-test' },
      logger: createLogger({ level: 'error' }),
    })
    s3 = new S3Lines(lab.s3Access)
    db = new pg.Client({ connectionString: lab.postgres.url })
    db.on('error', () => undefined)
    await db.connect()
    await createRecordedTable(sql)
    await createTypeTables(sql)
  })

  after(async () => {
    await db.end()
    s3[Symbol.dispose]()
    await kafka[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  const sql = async (statement: string) => await db.query<Record<string, unknown>>(statement)

  async function post(name: string, config: Props): Promise<void> {
    const { status, body } = await lab.rest.request('POST', '/connectors', { name, config })
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body, {
      name,
      config: { ...config, name },
      tasks: [],
      type: config['connector.class']!.includes('S3') ? 'sink' : 'source',
    })
    await untilRunning(name)
  }

  async function untilRunning(name: string): Promise<void> {
    const describeStatus = async () => `${name}: ${JSON.stringify(await lab.rest.status(name))}`
    await until(async () => isRunning(await lab.rest.status(name)), {
      timeoutMs: PATIENCE_MS,
      describe: describeStatus,
    })
  }

  /** What is written from now on will be streamed. */
  async function untilStreaming(slot: string): Promise<void> {
    await until(
      async () =>
        (
          await sql(
            `SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '${slot}' AND confirmed_flush_lsn IS NOT NULL`,
          )
        ).rowCount === 1,
      { timeoutMs: PATIENCE_MS, describe: async () => `${slot}: ${await lab.workers[0]!.logTail()}` },
    )
  }

  /** All a topic holds, once it holds as many. */
  async function read(topic: string, count: number): Promise<readonly FetchedRecord[]> {
    await using fetcher = kafka.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
    const seen: FetchedRecord[] = []
    await until(
      async () => {
        seen.push(...(await fetcher.poll({ timeoutMs: 500 })))
        return seen.length >= count
      },
      {
        timeoutMs: PATIENCE_MS,
        everyMs: 0,
        describe: async () => `${seen.length} of ${count} in ${topic}: ${await lab.workers[0]!.logTail()}`,
      },
    )
    assert.equal(seen.length, count, `records in ${topic}`)
    return seen
  }

  async function untilObjects(prefix: string, count: number): Promise<string[]> {
    return await until(
      async () => {
        const keys = await s3.keys(prefix)
        return keys.length >= count && keys
      },
      {
        timeoutMs: PATIENCE_MS,
        describe: async () => `${count} under ${prefix}: ${(await s3.keys(prefix)).join(', ')}`,
      },
    )
  }

  const source = (name: string, tables: string, overrides: Props): Props => ({
    ...cdcConfig(lab, name, ''),
    ...VERSION,
    'snapshot.mode': 'no_data',
    'table.include.list': tables,
    ...overrides,
  })

  /** Objects by count alone. */
  function sink(topics: Props, overrides: Props): Props {
    const { topics: _, 'rotate.schedule.interval.ms': __, ...config } = s3Config(lab, '')
    return { ...config, ...topics, ...overrides }
  }

  test('insert, update and delete become the bytes of Debezium in the topic, with and without schemas', async () => {
    const tables = 'inventory.orders,t.*'
    await post('srv', source('srv', tables, converters(true)))
    await post('plain', source('plain', tables, { ...converters(false), 'tombstones.on.delete': 'false' }))
    for (const slot of ['srv', 'plain']) await untilStreaming(slot)
    for (const statement of records.sql) await sql(statement)

    const [inserted, updated, deleted, tombstone] = await read('srv.inventory.orders', 4)
    for (const { key } of [inserted!, updated!, deleted!, tombstone!]) assert.equal(text(key), records.insert.key)
    assert.equal(stable(text(inserted!.value)!), stable(records.insert.value))
    assert.equal(stable(text(updated!.value)!), stable(`${valueSchemaText}"payload":${records.update.payload}}`))
    assert.equal(stable(text(deleted!.value)!), stable(`${valueSchemaText}"payload":${records.delete.payload}}`))
    assert.equal(tombstone!.value, null)

    // tombstones.on.delete=false: three records
    const plain = await read('plain.inventory.orders', 3)
    const payloads = [payload(records.insert.value), records.update.payload, records.delete.payload]
    for (const [index, record] of plain.entries()) {
      assert.equal(text(record.key), '{"id":1}')
      assert.equal(stable(text(record.value)!), stable(payloads[index]!).replace('"name":"srv"', '"name":"plain"'))
    }
  })

  test('values and schemas of all types are those of Debezium in the topic', async () => {
    await insertTypeRows(sql)
    let checked = 0
    for (const table of typeTables) {
      const described = await read(`srv.t.${table.name}`, rowsOf(table))
      const plain = await read(`plain.t.${table.name}`, rowsOf(table))
      for (const [index, record] of described.entries()) {
        const { schema } = JSON.parse(text(record.value)!) as { schema: SchemaText }
        const columns = new Map(schema.fields![1]!.fields!.map(({ field, ...of }) => [field, JSON.stringify(of)]))
        const row = payload(text(record.value)!)
        const after = jsonMembers(jsonMembers(row).get('after')!)
        checked += checkTypeRow('default', table, after, (column) => columns.get(column)!)
        assert.equal(payload(text(record.key)!), `{"id":${index}}`)
        assert.equal(text(plain[index]!.key), `{"id":${index}}`)
        assert.equal(stable(text(plain[index]!.value)!), stable(row).replace('"name":"srv"', '"name":"plain"'))
      }
    }
    assert.ok(checked > 100)
  })

  test('objects hold the records, under the names of Confluent, gzipped and plain', async () => {
    const types = typeTables.map(({ name }) => `srv.t.${name}`)
    await post(
      'gzipped',
      sink(
        { topics: ['srv.inventory.orders', ...types].join(',') },
        { ...converters(true), 'flush.size': '1', 's3.compression.type': 'gzip', 'topics.dir': 'gzipped' },
      ),
    )
    await post('lines', sink({ 'topics.regex': 'plain\\..*' }, { ...converters(false), 'flush.size': '2' }))
    // One more row: offset 3 where deletes have no tombstone, 4 where they have.
    await sql(`INSERT INTO inventory.orders (name) VALUES ('later')`)

    // The tombstone at offset 3 is left out: behavior.on.null.values=ignore.
    const orders = (await read('srv.inventory.orders', 5)).filter(({ value }) => value !== null)
    const singles = await untilObjects('gzipped/srv.inventory.orders/', 4)
    assert.deepEqual(
      singles,
      [0, 1, 2, 4].map(
        (offset) => `gzipped/srv.inventory.orders/partition=0/srv.inventory.orders+0+000000000${offset}.json.gz`,
      ),
    )
    for (const [index, key] of singles.entries())
      assert.equal((await s3.bytes(key)).toString(), `${payload(text(orders[index]!.value)!)}\n`)
    for (const table of typeTables) {
      const topic = `srv.t.${table.name}`
      const lines = (await read(topic, rowsOf(table))).map(({ value }) => payload(text(value)!))
      await untilObjects(`gzipped/${topic}/`, lines.length)
      assert.deepEqual(
        (await s3.lines(`gzipped/${topic}/`)).map((line) => line.text),
        lines,
      )
    }

    const pairs = await untilObjects('topics/plain.inventory.orders/', 2)
    assert.deepEqual(
      pairs,
      [0, 2].map(
        (offset) => `topics/plain.inventory.orders/partition=0/plain.inventory.orders+0+000000000${offset}.json`,
      ),
    )
    const plain = await read('plain.inventory.orders', 4)
    assert.equal(
      Buffer.concat(await Promise.all(pairs.map((key) => s3.bytes(key)))).toString(),
      plain.map(({ value }) => `${text(value)}\n`).join(''),
    )
    for (const table of typeTables) {
      const topic = `plain.t.${table.name}`
      const whole = rowsOf(table) - (rowsOf(table) % 2)
      const lines = (await read(topic, rowsOf(table))).slice(0, whole).map(({ value }) => text(value))
      await untilObjects(`topics/${topic}/`, whole / 2)
      assert.deepEqual(
        (await s3.lines(`topics/${topic}/`)).map((line) => line.text),
        lines,
      )
    }
  })

  test('bytes go into S3 as they lie in the topic', async () => {
    const topic = 'srv.inventory.orders'
    await post(
      'bytes',
      sink(
        { topics: topic },
        {
          'key.converter': BYTES,
          'value.converter': BYTES,
          'format.class': 'io.confluent.connect.s3.format.bytearray.ByteArrayFormat',
          'flush.size': '4',
          'topics.dir': 'bytes',
        },
      ),
    )
    const keys = await untilObjects('bytes/', 1)
    assert.deepEqual(keys, [`bytes/${topic}/partition=0/${topic}+0+0000000000.bin`])
    const values = (await read(topic, 5)).flatMap(({ value }) => (value === null ? [] : [value, Buffer.from('\n')]))
    assert.ok((await s3.bytes(keys[0]!)).equals(Buffer.concat(values)))
  })

  test('a tombstone fails the sink that shall not have any, and the trace says where it was', async () => {
    const { 'behavior.on.null.values': _, ...config } = sink(
      { topics: 'srv.inventory.orders' },
      { ...converters(true), 'topics.dir': 'strict' },
    )
    const { status } = await lab.rest.request('POST', '/connectors', { name: 'strict', config })
    assert.equal(status, 201)
    const trace = await until(async () => (await lab.rest.status('strict'))?.tasks[0]?.trace, {
      timeoutMs: PATIENCE_MS,
      describe: async () => JSON.stringify(await lab.rest.status('strict')),
    })
    assert.match(trace, /behavior\.on\.null\.values/)
    assert.match(trace, /srv\.inventory\.orders/)
    assert.equal((await lab.rest.request('DELETE', '/connectors/strict')).status, 204)
  })

  test('transforms rename the topic and add a field', async () => {
    await sql('CREATE TABLE places (id int PRIMARY KEY, name text)')
    await post(
      'moved',
      source('moved', 'public.places', {
        transforms: 'route,stamp',
        'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
        'transforms.route.regex': 'moved\\.public\\.(.*)',
        'transforms.route.replacement': 'shop-$1',
        'transforms.stamp.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
        'transforms.stamp.static.field': 'site',
        'transforms.stamp.static.value': 'north',
      }),
    )
    await untilStreaming('moved')
    await sql(`INSERT INTO places VALUES (1, 'Oslo')`)
    await sql('DELETE FROM places')
    const [inserted, deleted, tombstone] = await read('shop-places', 3)
    assert.equal(text(inserted!.key), '{"id":1}')
    assert.match(text(inserted!.value)!, /^\{"before":null,"after":\{"id":1,"name":"Oslo"\},.*,"site":"north"\}$/)
    assert.match(text(deleted!.value)!, /"op":"d",.*,"site":"north"\}$/)
    assert.equal(tombstone!.value, null)
    assert.deepEqual((await lab.rest.request('GET', '/connectors/moved/topics')).body, {
      moved: { topics: ['shop-places'] },
    })
    assert.equal((await lab.rest.request('DELETE', '/connectors/moved')).status, 204)
  })

  describe('while the connector is paused, stopped, restarted and made anew', () => {
    let config: Props
    let rows = 0

    before(async () => {
      await sql('CREATE TABLE life (id int PRIMARY KEY)')
      config = source('life', 'public.life', { 'snapshot.mode': 'initial' })
      await post('life', config)
    })

    const insert = async () => await sql(`INSERT INTO life VALUES (${++rows})`)

    /** Every row once, in order. */
    async function arrived(): Promise<void> {
      const seen = await read('life.public.life', rows)
      assert.deepEqual(
        seen.map(({ key }) => text(key)),
        Array.from({ length: rows }, (_, index) => `{"id":${index + 1}}`),
      )
    }

    async function act(method: string, path: string, expected: number): Promise<unknown> {
      const { status, body } = await lab.rest.request(method, `/connectors/life${path}`)
      assert.equal(status, expected, `${method} ${path}: ${JSON.stringify(body)}`)
      return body
    }

    async function untilStates(connector: string, tasks: readonly string[]): Promise<void> {
      await until(
        async () => {
          const status = await lab.rest.status('life')
          return status?.connector.state === connector && status.tasks.map(({ state }) => state).join() === tasks.join()
        },
        { timeoutMs: PATIENCE_MS, describe: async () => JSON.stringify(await lab.rest.status('life')) },
      )
    }

    /** Undefined before the first commit of offsets. */
    async function lsn(): Promise<number | undefined> {
      const { offsets } = (await act('GET', '/offsets', 200)) as {
        offsets: { partition: object; offset: { lsn: number } }[]
      }
      for (const { partition } of offsets) assert.deepEqual(partition, { server: 'life' })
      return offsets[0]?.offset.lsn
    }

    test('status, tasks, topics and offsets have the shapes of Kafka Connect', async () => {
      await insert()
      await arrived()
      const worker = new URL(lab.rest.urls[0]!).host
      const running = { state: 'RUNNING', worker_id: worker }
      assert.deepEqual(await act('GET', '/status', 200), {
        name: 'life',
        connector: { ...running, version: (await plugin()).version },
        tasks: [{ id: 0, ...running, version: (await plugin()).version }],
        type: 'source',
      })
      assert.deepEqual(await act('GET', '', 200), {
        name: 'life',
        config: { ...config, name: 'life' },
        tasks: [{ connector: 'life', task: 0 }],
        type: 'source',
      })
      const tasks = (await act('GET', '/tasks', 200)) as { id: object; config: Props }[]
      assert.deepEqual(
        tasks.map(({ id }) => id),
        [{ connector: 'life', task: 0 }],
      )
      assert.equal(tasks[0]!.config['topic.prefix'], 'life')
      assert.deepEqual(await act('GET', '/topics', 200), { life: { topics: ['life.public.life'] } })
      const stored = await until(lsn, { timeoutMs: PATIENCE_MS, describe: () => 'an LSN among the offsets' })
      const { rows: found } = await sql(`SELECT (pg_current_wal_lsn() - '0/0')::text AS lsn`)
      assert.ok(stored > 0 && stored <= Number(found[0]!['lsn']))
    })

    async function plugin(): Promise<{ version: string }> {
      const { body } = await lab.rest.request('GET', '/connector-plugins')
      return (body as { class: string; version: string }[]).find((found) => found.class === config['connector.class'])!
    }

    test('paused: the rows wait; resumed: they come', async () => {
      await act('PUT', '/pause', 202)
      await untilStates('PAUSED', ['PAUSED'])
      await insert()
      // What another connector has carried since shows that there was time.
      await sql(`INSERT INTO inventory.orders (name) VALUES ('meanwhile')`)
      await read('plain.inventory.orders', 5)
      await read('life.public.life', rows - 1)
      await act('PUT', '/resume', 202)
      await untilStates('RUNNING', ['RUNNING'])
      await insert()
      await arrived()
    })

    test('stopped: it has no tasks and holds no slot; resumed: it continues', async () => {
      await act('PUT', '/stop', 204)
      await untilStates('STOPPED', [])
      assert.deepEqual(await act('GET', '/tasks', 200), [])
      const stopped = (await lsn())!
      await until(
        async () =>
          (await sql(`SELECT 1 FROM pg_replication_slots WHERE slot_name = 'life' AND NOT active`)).rowCount === 1,
        { timeoutMs: PATIENCE_MS, describe: () => 'the slot free' },
      )
      await insert()
      await act('PUT', '/resume', 202)
      await arrived()
      await until(async () => (await lsn())! > stopped, {
        timeoutMs: PATIENCE_MS,
        describe: () => `more than ${stopped}`,
      })
    })

    test('restarted, whole or its task alone: it continues', async () => {
      const restarting = (await act('POST', '/restart?includeTasks=true', 202)) as ConnectorStatus
      assert.equal(restarting.name, 'life')
      assert.equal(restarting.connector.state, 'RESTARTING')
      assert.deepEqual(
        restarting.tasks.map(({ state }) => state),
        ['RESTARTING'],
      )
      await insert()
      await arrived()
      await act('POST', '/tasks/0/restart', 204)
      await insert()
      await arrived()
      await act('POST', '/restart', 204)
      await insert()
      await arrived()
      await untilStates('RUNNING', ['RUNNING'])
    })

    test('deleted and posted again: it continues at the offsets it had', async () => {
      await act('DELETE', '', 204)
      for (const path of ['', '/config', '/tasks']) await act('GET', path, 404)
      // The status goes with its own tombstone, a moment after the configuration.
      await until(async () => (await lab.rest.status('life')) === undefined, {
        timeoutMs: 30_000,
        describe: async () => `no status: ${JSON.stringify(await lab.rest.status('life'))}`,
      })
      await insert()
      await post('life', config)
      await insert()
      await arrived()
    })
  })
})

interface SchemaText {
  readonly field?: string
  readonly fields?: readonly SchemaText[]
}
