import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LogLines } from '../../runtime/testing/log-lines.ts'
import { PostgresUnderTest, SourceDriver, slotActive } from '../support/postgres-source-driver.ts'

describe('what the Postgres source captures', () => {
  let db: PostgresUnderTest

  before(async () => {
    db = await PostgresUnderTest.start()
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  /** A schema, slot and publication of the test's own. */
  const props = (name: string, more: Record<string, string> = {}) =>
    db.props({ 'slot.name': name, 'publication.name': `p_${name}`, 'schema.include.list': name, ...more })

  async function streaming(name: string, more: Record<string, string> = {}, logger?: LogLines): Promise<SourceDriver> {
    const source = await SourceDriver.start(
      props(name, { 'snapshot.mode': 'no_data', ...more }),
      logger === undefined ? {} : { logger },
    )
    await slotActive(db, name)
    return source
  }

  test('snapshot markers over several tables, one of them empty, in order of names', async () => {
    await db.sql(`CREATE SCHEMA mk; CREATE TABLE mk.a (id int PRIMARY KEY); CREATE TABLE mk.b (id int PRIMARY KEY);
      CREATE TABLE mk.c (id int PRIMARY KEY); CREATE TABLE mk.d (id int PRIMARY KEY);
      INSERT INTO mk.a VALUES (1), (2); INSERT INTO mk.b VALUES (1), (2), (3); INSERT INTO mk.c VALUES (1)`)
    await using source = await SourceDriver.start(props('mk'))
    const seen = await source.events(6)
    assert.deepEqual(
      seen.map(({ topic, value }) => [topic, value!.source['snapshot']]),
      [
        ['srv.mk.a', 'first'],
        ['srv.mk.a', 'last_in_data_collection'],
        ['srv.mk.b', 'first_in_data_collection'],
        ['srv.mk.b', 'true'],
        ['srv.mk.b', 'last_in_data_collection'],
        ['srv.mk.c', 'last'],
      ],
    )
    assert.equal(seen.at(-1)!.record.sourceOffset['snapshot_completed'], true)
  })

  test('texts with everything that COPY and JSON escape arrive as they are, in snapshot and stream', async () => {
    const text = `tab\t line\n return\r back\\slash "quoted" \u0001 \u001f \b\f\v ümlaut 日本 😀 ${'long '.repeat(50)}"`
    await db.sql(`CREATE SCHEMA esc; CREATE TABLE esc.t (id int PRIMARY KEY, a text, b text, c text)`)
    await db.sql('INSERT INTO esc.t VALUES (1, $1, NULL, $2)', [text, ''])
    await using source = await SourceDriver.start(props('esc'))
    const [row] = await source.events(1)
    assert.deepEqual(row!.value!.after, { id: 1, a: text, b: null, c: '' })
    await slotActive(db, 'esc')
    await db.sql('INSERT INTO esc.t VALUES (2, $1, NULL, $2)', [text, '\\N'])
    const [streamed] = await source.events(1)
    assert.deepEqual(streamed!.value!.after, { id: 2, a: text, b: null, c: '\\N' })
  })

  test('include and exclude lists of tables and columns; an excluded key column stays in the key', async () => {
    await db.sql(`CREATE SCHEMA fl; CREATE TABLE fl.kept (id int PRIMARY KEY, open text, secret text); CREATE TABLE fl.dropped (id int PRIMARY KEY);
      INSERT INTO fl.kept VALUES (1, 'a', 'b'); INSERT INTO fl.dropped VALUES (1)`)
    await using source = await SourceDriver.start(
      props('fl', { 'table.exclude.list': 'fl\\.DROP.*', 'column.exclude.list': 'fl.kept.secret,fl.kept.id' }),
    )
    const [row] = await source.events(1)
    assert.deepEqual([row!.key, row!.value!.after], [{ id: 1 }, { open: 'a' }])
    await slotActive(db, 'fl')
    await db.sql(`INSERT INTO fl.dropped VALUES (2); INSERT INTO fl.kept VALUES (2, 'c', 'd')`)
    const [streamed] = await source.events(1)
    assert.deepEqual(
      [streamed!.topic, streamed!.key, streamed!.value!.after],
      ['srv.fl.kept', { id: 2 }, { open: 'c' }],
    )
  })

  test('keys: order of the index, message.key.columns, a unique index, none', async () => {
    await db.sql(`CREATE SCHEMA ky; CREATE TABLE ky.a (k1 int, k2 int, PRIMARY KEY (k2, k1)); CREATE TABLE ky.b (x int, y int, z int);
      CREATE TABLE ky.c (u int, v int); CREATE UNIQUE INDEX ON ky.c (v); CREATE TABLE ky.d (w int);
      INSERT INTO ky.a VALUES (1, 2); INSERT INTO ky.b VALUES (3, 4, 5); INSERT INTO ky.c VALUES (6, 7); INSERT INTO ky.d VALUES (8)`)
    await using source = await SourceDriver.start(props('ky', { 'message.key.columns': 'ky.b:z,x' }))
    const seen = await source.events(4)
    assert.deepEqual(
      seen.map(({ key }) => JSON.stringify(key)),
      ['{"k2":2,"k1":1}', '{"z":5,"x":3}', '{"v":7}', 'null'],
    )
    assert.equal(seen[3]!.record.keySchema, undefined)
    assert.equal(seen[2]!.record.keySchema!.fields![0]!.schema.optional, true)
  })

  test('an unchanged TOAST value: the placeholder, or with replica identity full the old value', async () => {
    const big = Array.from({ length: 4000 }, (_, i) => String.fromCharCode(33 + ((i * 7919) % 90))).join('')
    await db.sql(`CREATE SCHEMA ts; CREATE TABLE ts.t (id int PRIMARY KEY, big text, bin bytea, n int);
      ALTER TABLE ts.t ALTER big SET STORAGE EXTERNAL; ALTER TABLE ts.t ALTER bin SET STORAGE EXTERNAL`)
    await using source = await streaming('ts')
    await db.sql('INSERT INTO ts.t VALUES (1, $1, $2, 1)', [big, Buffer.from(big)])
    await db.sql('UPDATE ts.t SET n = 2')
    const [, updated] = await source.events(2)
    assert.deepEqual(updated!.value!.after, {
      id: 1,
      big: '__debezium_unavailable_value',
      bin: Buffer.from('__debezium_unavailable_value').toString('base64'),
      n: 2,
    })
    assert.equal(updated!.value!.before, null)
    await db.sql('ALTER TABLE ts.t REPLICA IDENTITY FULL')
    await db.sql('UPDATE ts.t SET n = 3')
    const [full] = await source.events(1)
    assert.equal(full!.value!.after!['big'], big)
    assert.equal(full!.value!.before!['n'], 2)
  })

  test('a key change is a delete, a tombstone and a create with one offset, never parted by a batch', async () => {
    await db.sql('CREATE SCHEMA kc; CREATE TABLE kc.t (id int PRIMARY KEY, req text NOT NULL, v int DEFAULT 42)')
    await using source = await streaming('kc', { 'max.batch.size': '1', 'max.queue.size': '2' })
    await db.sql(`INSERT INTO kc.t VALUES (1, 'r', NULL); UPDATE kc.t SET id = 2`)
    const [, gone, tombstone, come] = await source.events(4)
    assert.deepEqual([gone!.key, gone!.value!.op], [{ id: 1 }, 'd'])
    // of an old-key tuple: NOT NULL falls back to '', a null with a default is shown as the default (JsonConverter)
    assert.deepEqual(gone!.value!.before, { id: 1, req: '', v: 42 })
    assert.deepEqual([tombstone!.key, tombstone!.value], [{ id: 1 }, null])
    assert.deepEqual([come!.key, come!.value!.op, come!.value!.before], [{ id: 2 }, 'c', null])
    assert.deepEqual(gone!.record.headers[0]!.value, { id: 2 })
    assert.equal(gone!.record.headers[0]!.key, '__debezium.newkey')
    assert.deepEqual(come!.record.headers[0]!.value, { id: 1 })
    assert.equal(gone!.record.sourceOffset, come!.record.sourceOffset)
    assert.deepEqual(
      source.batches.map((batch) => batch.length),
      [1, 3],
    )
  })

  test('table changes in the middle of the stream: columns come, go and change their type', async () => {
    await db.sql('CREATE SCHEMA dd; CREATE TABLE dd.t (id int PRIMARY KEY, a text)')
    await using source = await streaming('dd')
    await db.sql(`INSERT INTO dd.t VALUES (1, 'x')`)
    await db.sql(`ALTER TABLE dd.t ADD b numeric(5,1) DEFAULT 1.5; INSERT INTO dd.t VALUES (2, 'y', 2.5)`)
    await db.sql(`ALTER TABLE dd.t DROP a; ALTER TABLE dd.t ALTER b TYPE text; INSERT INTO dd.t VALUES (3, 'z')`)
    await db.sql('CREATE TABLE dd.later (id int PRIMARY KEY); INSERT INTO dd.later VALUES (1)')
    const seen = await source.events(4)
    assert.deepEqual(
      seen.map(({ value }) => value!.after),
      [{ id: 1, a: 'x' }, { id: 2, a: 'y', b: 'GQ==' }, { id: 3, b: 'z' }, { id: 1 }],
    )
    assert.equal(seen[3]!.topic, 'srv.dd.later')
  })

  test('odd names are made into topic names; skipped operations and tombstones follow the settings', async () => {
    await db.sql('CREATE SCHEMA od; CREATE TABLE od."My-Tab$le é" (id int PRIMARY KEY, "Größe ""x""" int)')
    const logger = new LogLines()
    await using source = await streaming('od', { 'tombstones.on.delete': 'false', 'skipped.operations': 'u,t' }, logger)
    const table = 'od."My-Tab$le é"'
    await db.sql(
      `INSERT INTO ${table} VALUES (1, 5); UPDATE ${table} SET "Größe ""x""" = 6; TRUNCATE ${table}; INSERT INTO ${table} VALUES (2, 7); DELETE FROM ${table}`,
    )
    const seen = await source.events(3)
    assert.deepEqual(
      seen.map(({ value }) => value!.op),
      ['c', 'c', 'd'],
    )
    assert.equal(seen[0]!.topic, 'srv.od.My-Tab_le__')
    assert.deepEqual(seen[0]!.value!.after, { id: 1, 'Größe "x"': 5 })
    assert.equal(seen[0]!.value!.source['table'], 'My-Tab$le é')
    assert.ok(logger.lines.some((line) => line.startsWith('warn topic name srv.od.My-Tab_le__')))
    assert.deepEqual(await source.quiet(200), [])
  })

  test('partitioned tables come once: as leaves, or as their root', async () => {
    await db.sql(`CREATE SCHEMA pt; CREATE TABLE pt.root (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE pt.low PARTITION OF pt.root FOR VALUES FROM (0) TO (10); CREATE TABLE pt.high PARTITION OF pt.root FOR VALUES FROM (10) TO (20);
      INSERT INTO pt.root VALUES (1), (11)`)
    const topics = async (source: SourceDriver, count: number) =>
      (await source.events(count)).map(({ topic }) => topic).sort()
    {
      await using source = await SourceDriver.start(props('pt'))
      assert.deepEqual(await topics(source, 2), ['srv.pt.high', 'srv.pt.low'])
      await slotActive(db, 'pt')
      await db.sql('INSERT INTO pt.root VALUES (2)')
      assert.deepEqual(await topics(source, 1), ['srv.pt.low'])
    }
    await using source = await SourceDriver.start(
      props('pt', { 'slot.name': 'pt_root', 'publication.name': 'p_pt_root', 'publish.via.partition.root': 'true' }),
    )
    assert.deepEqual(await topics(source, 3), ['srv.pt.root', 'srv.pt.root', 'srv.pt.root'])
    await slotActive(db, 'pt_root')
    await db.sql('INSERT INTO pt.root VALUES (12)')
    assert.deepEqual(await topics(source, 1), ['srv.pt.root'])
  })

  test('initial_only reads everything, makes no slot, and then rests', async () => {
    await db.sql('CREATE SCHEMA io; CREATE TABLE io.t (id int PRIMARY KEY); INSERT INTO io.t VALUES (1), (2)')
    await using source = await SourceDriver.start(props('io', { 'snapshot.mode': 'initial_only' }))
    assert.equal((await source.events(2))[1]!.value!.source['snapshot'], 'last')
    await db.sql('INSERT INTO io.t VALUES (3)')
    assert.deepEqual(await source.quiet(300), [])
    assert.deepEqual(await db.sql(`SELECT 1 FROM pg_replication_slots WHERE slot_name = 'io'`), [])
  })

  test('numeric NaN in a NOT NULL column does not end the task; a filtered publication follows the tables', async () => {
    await db.sql(
      `CREATE SCHEMA nn; CREATE TABLE nn.t (id int PRIMARY KEY, n numeric(5,2) NOT NULL, m numeric); INSERT INTO nn.t VALUES (1, 'NaN', 'NaN')`,
    )
    const logger = new LogLines()
    await using source = await SourceDriver.start(
      props('nn', { 'publication.autocreate.mode': 'filtered', 'replica.identity.autoset.values': 'nn.t:FULL' }),
      { logger },
    )
    assert.deepEqual((await source.events(1))[0]!.value!.after, { id: 1, n: 'AA==', m: null })
    assert.ok(logger.lines.some((line) => line.startsWith('warn nn.t.n holds values')))
    const [publication] = await db.sql(
      `SELECT string_agg(schemaname || '.' || tablename, ',') AS tables FROM pg_publication_tables WHERE pubname = 'p_nn'`,
    )
    assert.equal(publication!['tables'], 'nn.t')
    assert.equal(
      (await db.sql(`SELECT relreplident FROM pg_class WHERE oid = 'nn.t'::regclass`))[0]!['relreplident'],
      'f',
    )
  })
})
