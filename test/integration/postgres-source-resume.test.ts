import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SourceOffset, SourceRecord } from 'naru/api'
import type { Seen } from '../support/postgres-source-driver.ts'
import { PostgresUnderTest, SourceDriver, slotActive } from '../support/postgres-source-driver.ts'

/** What a consumer sees, without the connector's clock. */
function essence({ topic, key, value }: Seen): string {
  return JSON.stringify([
    topic,
    key,
    value && { ...value, ts_ms: 0, ts_us: 0, ts_ns: 0, source: { ...value.source, sequence: 0 } },
  ])
}

function stripped(offset: SourceOffset, keys: readonly string[]): SourceOffset {
  return Object.fromEntries(Object.entries(offset).filter(([key]) => !keys.includes(key)))
}

describe('the Postgres source after an interruption', () => {
  let db: PostgresUnderTest

  before(async () => {
    db = await PostgresUnderTest.start({ wal_sender_timeout: '5s' })
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  const props = (name: string, more: Record<string, string> = {}) =>
    db.props({
      'slot.name': name,
      'publication.name': `p_${name}`,
      'table.include.list': `public\\.${name}.*`,
      ...more,
    })

  test('continues exactly behind any stored offset, also within a transaction and among rows that share an LSN', async () => {
    await db.sql(`CREATE TABLE exact (id int PRIMARY KEY, v text); CREATE TABLE exact_other (id int PRIMARY KEY)`)
    const settings = props('exact', { 'snapshot.mode': 'no_data' })
    let all: readonly Seen[]
    {
      await using source = await SourceDriver.start(settings)
      await slotActive(db, 'exact')
      await db.sql(`INSERT INTO exact VALUES (1, 'first')`)
      // CREATE TABLE AS and INSERT … SELECT into an empty table write rows one by one; COPY writes many rows in one WAL record
      await db.sql(
        `BEGIN; INSERT INTO exact VALUES (2, 'a'), (3, 'b'); UPDATE exact SET id = 30 WHERE id = 3; INSERT INTO exact_other VALUES (1); DELETE FROM exact WHERE id = 2; COMMIT`,
      )
      await db.copyIn('exact', '100\tx\n101\ty\n102\tz\n103\tw\n')
      await db.sql(
        `BEGIN; SAVEPOINT s; INSERT INTO exact VALUES (5, 'gone'); ROLLBACK TO s; INSERT INTO exact VALUES (6, 'stays'); COMMIT`,
      )
      await db.sql(`DELETE FROM exact WHERE id = 1`)
      all = await source.events(1 + 2 + 3 + 1 + 2 + 4 + 1 + 2)
    }
    const wanted = all.map(essence)
    const lsns = all.map(({ record }) => record.sourceOffset['lsn'])
    assert.ok(lsns.filter((lsn) => lsn === lsns[9]).length >= 4, 'the copied rows share an LSN')
    for (let i = 0; i < all.length - 1; i++) {
      const { sourceOffset } = all[i]!.record
      if (all[i + 1]!.record.sourceOffset === sourceOffset) continue // inside a unit: such an offset is never stored
      await using source = await SourceDriver.start(settings, { stored: sourceOffset })
      const rest = await source.events(all.length - 1 - i)
      assert.deepEqual(rest.map(essence), wanted.slice(i + 1), `after event ${i}`)
    }
  })

  test('takes over an offset of Debezium 3.6, which does not count events at an LSN, without losing any', async () => {
    await db.sql(`CREATE TABLE taken (id int PRIMARY KEY)`)
    const settings = props('taken', { 'snapshot.mode': 'no_data' })
    let all: readonly Seen[]
    {
      await using source = await SourceDriver.start(settings)
      await slotActive(db, 'taken')
      await db.sql(
        'BEGIN; INSERT INTO taken VALUES (1); INSERT INTO taken VALUES (2); INSERT INTO taken VALUES (3); COMMIT',
      )
      await db.sql('INSERT INTO taken VALUES (4)')
      all = await source.events(4)
    }
    await using source = await SourceDriver.start(settings, {
      stored: stripped(all[1]!.record.sourceOffset, ['lsn_events_processed']),
    })
    assert.deepEqual((await source.events(2)).map(essence), all.slice(2).map(essence))
  })

  test('snapshot and stream meet without a gap or a repetition while rows are written', async () => {
    await db.sql(
      `CREATE TABLE meet (id int PRIMARY KEY, pad text); INSERT INTO meet SELECT i, repeat('x', 200) FROM generate_series(1, 20000) i`,
    )
    let next = 20_001
    let writing = true
    const writer = (async () => {
      while (writing) await db.sql('INSERT INTO meet VALUES ($1, $2)', [next++, 'late'])
    })()
    await using source = await SourceDriver.start(props('meet'))
    const seen = [...(await source.records(20_500))]
    writing = false
    await writer
    seen.push(...(await source.records(next - 1 - seen.length)))
    const ids = seen.map((record) => source.seen(record).key!['id'] as number)
    assert.equal(new Set(ids).size, next - 1)
    assert.equal(ids.length, next - 1)
  })

  test('an unfinished snapshot begins anew, beside the slot that is there, and what changed meanwhile is not lost', async () => {
    await db.sql(`CREATE TABLE anew (id int PRIMARY KEY); INSERT INTO anew SELECT generate_series(1, 100)`)
    const settings = props('anew')
    let stored: SourceOffset
    {
      await using source = await SourceDriver.start(settings)
      stored = (await source.records(50)).at(-1)!.sourceOffset
      assert.equal(stored['snapshot_completed'], false)
    }
    await db.sql('INSERT INTO anew VALUES (101)')
    await using source = await SourceDriver.start(settings, { stored })
    const events = await source.events(101)
    assert.ok(events.every(({ value }) => value?.op === 'r'))
    assert.equal(events[0]!.value!.source['snapshot'], 'first')
    assert.equal(events.at(-1)!.value!.source['snapshot'], 'last')
    await db.sql('INSERT INTO anew VALUES (102)')
    const [streamed] = await source.events(1)
    assert.deepEqual([streamed!.key, streamed!.value!.op], [{ id: 102 }, 'c'])
  })

  test('survives the death and return of the server in the middle of a stream', async () => {
    await db.sql('CREATE TABLE reborn (id int PRIMARY KEY)')
    await using source = await SourceDriver.start(props('reborn', { 'retriable.restart.connector.wait.ms': '300' }))
    await slotActive(db, 'reborn')
    await db.sql('INSERT INTO reborn VALUES (1)')
    await db.sql('INSERT INTO reborn VALUES (2)')
    await source.records(1)
    await db.server.restart()
    await db.reconnect()
    await db.sql('INSERT INTO reborn VALUES (3)')
    const ids = (await source.events(2)).map(({ key }) => key!['id'])
    assert.deepEqual(ids, [2, 3])
    assert.deepEqual(await source.quiet(300), [])
  })

  test('the slot moves only when offsets are committed, and over foreign changes only when nothing is under way', async () => {
    await db.sql('CREATE TABLE held (id int PRIMARY KEY); CREATE TABLE elsewhere (id int)')
    const confirmed = async () => {
      const [row] = await db.sql(
        `SELECT confirmed_flush_lsn - '0/0'::pg_lsn AS lsn FROM pg_replication_slots WHERE slot_name = 'held'`,
      )
      return Number(row!['lsn'])
    }
    await using source = await SourceDriver.start(
      props('held', {
        'snapshot.mode': 'no_data',
        'status.update.interval.ms': '50',
        'publication.autocreate.mode': 'filtered',
      }),
    )
    await slotActive(db, 'held')
    await db.sql('INSERT INTO held VALUES (1)')
    await db.sql('INSERT INTO held VALUES (2)')
    const [first, second] = await source.records(2)
    const begin = await confirmed()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(await confirmed(), begin)

    await source.commit(first!)
    await source.commit(second!)
    const end = Number(second!.sourceOffset['lsn'])
    await eventually(async () => (await confirmed()) > end)

    const before = await confirmed()
    await db.sql('INSERT INTO elsewhere SELECT generate_series(1, 2000)')
    await eventually(async () => (await confirmed()) > before + 50_000)

    await db.sql('INSERT INTO held VALUES (3)')
    await source.records(1)
    const open = await confirmed()
    await db.sql('INSERT INTO elsewhere SELECT generate_series(1, 2000)')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.ok((await confirmed()) <= open, 'an unacknowledged event holds the slot')
  })

  test('a stopped consumer does not lose the connection, and memory stays within the queue', async () => {
    await db.sql('CREATE TABLE slow (id int PRIMARY KEY, pad text)')
    await using source = await SourceDriver.start(
      props('slow', {
        'snapshot.mode': 'no_data',
        'max.queue.size': '200',
        'max.batch.size': '100',
        'status.update.interval.ms': '500',
      }),
    )
    await slotActive(db, 'slow')
    const [before] = await db.sql(`SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'slow'`)
    await db.sql(`INSERT INTO slow SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i`)
    await new Promise((resolve) => setTimeout(resolve, 7000)) // longer than wal_sender_timeout
    const records: SourceRecord[] = [...(await source.records(50_000))]
    assert.equal(records.length, 50_000)
    assert.ok(source.batches.every((batch) => batch.length <= 100))
    const [now] = await db.sql(`SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'slow'`)
    assert.equal(now!['active_pid'], before!['active_pid'])
  })
})

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, 'not within 60 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
