import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import pg from 'pg'
import { CaptureFilter, parseKeyColumns, parseRegexList } from '../../../connectors/postgres/capture-filter.ts'
import { schemaDefault } from '../../../connectors/postgres/column-default.ts'
import { formatLsn, parseLsn } from '../../../connectors/postgres/postgres/lsn.ts'
import { splitStatements } from '../../../connectors/postgres/postgres/connection.ts'
import { isTransient } from '../../../connectors/postgres/postgres/postgres-error.ts'
import { publicationPlan } from '../../../connectors/postgres/postgres/publication.ts'
import { snapshotPlan } from '../../../connectors/postgres/snapshot/snapshot-plan.ts'
import { StreamPosition, isUnfinishedSnapshot } from '../../../connectors/postgres/source-offset.ts'
import { FlushPosition } from '../../../connectors/postgres/streaming/flush-position.ts'
import { ResumePoint } from '../../../connectors/postgres/streaming/resume-point.ts'
import { columnType } from '../../../connectors/postgres/type-mapping.ts'
import { DEFAULTS, catalogOf } from './support.ts'

describe('where a stream continues', () => {
  const inside = {
    lsn_proc: 500,
    lsn_events_processed: 2,
    messageType: 'INSERT',
    lsn_commit: 400,
    lsn: 500,
    txId: 7,
    ts_usec: 1,
  }

  test('within a transaction: from the last commit, skipping by LSN and number at the LSN', () => {
    const resume = new ResumePoint(StreamPosition.restore(inside))
    assert.equal(resume.start, 400)
    assert.deepEqual(
      [
        resume.delivered(7, 450, 1),
        resume.delivered(7, 500, 2),
        resume.delivered(7, 500, 3),
        resume.delivered(7, 501, 1),
      ],
      [true, true, false, false],
    )
    assert.equal(resume.delivered(8, 450, 1), false, 'another transaction')
  })

  test('after a commit, a snapshot, or without an offset nothing is skipped', () => {
    const committed = new ResumePoint(
      StreamPosition.restore({ lsn_proc: 600, messageType: 'COMMIT', lsn_commit: 600, lsn: 600, txId: 7, ts_usec: 1 }),
    )
    assert.deepEqual([committed.start, committed.delivered(7, 500, 1)], [600, false])
    const snapshot = new ResumePoint(
      StreamPosition.restore({
        last_snapshot_record: true,
        lsn: 300,
        txId: 7,
        ts_usec: 1,
        snapshot: 'INITIAL',
        snapshot_completed: true,
      }),
    )
    assert.deepEqual([snapshot.start, snapshot.delivered(7, 300, 1)], [300, false])
    assert.equal(new ResumePoint(undefined).start, 0)
  })

  test('offsets of snapshots under way are no positions, in the form of every release', () => {
    for (const snapshot of [true, 'true', 'INITIAL', 'BLOCKING'])
      assert.equal(isUnfinishedSnapshot({ lsn: 1, snapshot, last_snapshot_record: false }), true)
    assert.equal(isUnfinishedSnapshot({ lsn: 1, snapshot: true, last_snapshot_record: true }), false)
    assert.equal(isUnfinishedSnapshot({ lsn: 1, snapshot: 'INCREMENTAL', snapshot_completed: false }), false)
  })

  test('events are numbered at their LSN, anew in each transaction', () => {
    const position = new StreamPosition()
    const numbers: number[] = []
    for (const [begin, lsn] of [
      [true, 10],
      [false, 10],
      [false, 12],
      [true, 12],
      [false, 14],
    ] as const) {
      if (begin) position.begin(lsn, 1, 1)
      position.event(lsn, 'INSERT')
      numbers.push(position.eventsAtLsn)
    }
    assert.deepEqual(numbers, [1, 2, 1, 1, 1])
  })
})

test('the flush position follows commits, and what was received without events only when nothing is under way', () => {
  const flush = new FlushPosition()
  assert.equal(flush.lsn, 0)
  flush.reached(50)
  assert.equal(flush.lsn, 50)
  const first = { lsn_proc: 80, lsn_commit: 60, lsn: 80 }
  const second = { lsn_proc: 90, lsn_commit: 60, lsn: 90 }
  flush.emitted(first)
  flush.emitted(second)
  flush.reached(100)
  assert.equal(flush.lsn, 50)
  flush.committed(first)
  assert.equal(flush.lsn, 60)
  flush.committed({ ...second, lsn: 90n })
  assert.equal(flush.lsn, 100)
  flush.committed(first)
  assert.equal(flush.lsn, 100, 'never back')
})

test('what a snapshot mode does', () => {
  const plan = (
    mode: Parameters<typeof snapshotPlan>[0]['mode'],
    hasPosition: boolean,
    slotExists: boolean,
    snapshotDone = false,
  ) => snapshotPlan({ mode, hasPosition, slotExists, snapshotDone })
  const table = [
    ['initial', false, false, 'snapshot-and-stream'],
    ['initial', false, true, 'snapshot-and-stream'],
    ['initial', true, true, 'stream'],
    ['initial', true, false, 'slot-missing'],
    ['initial_only', false, false, 'snapshot-only'],
    ['initial_only', true, true, 'idle'],
    ['no_data', false, false, 'stream'],
    ['no_data', true, true, 'stream'],
    ['no_data', true, false, 'slot-missing'],
    ['always', true, true, 'snapshot-and-stream'],
    ['when_needed', true, true, 'stream'],
    ['when_needed', true, false, 'snapshot-and-stream'],
    ['when_needed', false, true, 'snapshot-and-stream'],
  ] as const
  for (const [mode, hasPosition, slotExists, expected] of table)
    assert.equal(plan(mode, hasPosition, slotExists), expected, `${mode} ${hasPosition} ${slotExists}`)
  assert.equal(plan('always', true, true, true), 'stream')
})

test('what a publication needs', () => {
  const tables = [
    { schema: 's', table: 'b' },
    { schema: 's', table: 'A' },
  ]
  const plan = (
    mode: 'all_tables' | 'filtered' | 'disabled' | 'no_tables',
    existing?: { allTables: boolean; tables: typeof tables },
  ) => publicationPlan({ name: 'P', mode, viaPartitionRoot: false, publish: undefined, tables }, existing)
  assert.deepEqual(plan('all_tables'), { do: 'run', sql: 'CREATE PUBLICATION "P" FOR ALL TABLES' })
  assert.deepEqual(plan('filtered'), { do: 'run', sql: 'CREATE PUBLICATION "P" FOR TABLE "s"."A", "s"."b"' })
  assert.deepEqual(plan('filtered', { allTables: false, tables: [...tables].reverse() }), { do: 'nothing' })
  assert.deepEqual(plan('filtered', { allTables: false, tables: tables.slice(1) }), {
    do: 'run',
    sql: 'ALTER PUBLICATION "P" SET TABLE "s"."A", "s"."b"',
  })
  assert.deepEqual(plan('filtered', { allTables: true, tables: [] }), { do: 'fail', reason: 'all-tables' })
  assert.deepEqual(plan('disabled'), { do: 'fail', reason: 'missing' })
  assert.deepEqual(plan('no_tables'), { do: 'run', sql: 'CREATE PUBLICATION "P"' })
})

test('defaults in schemas: literals by value, calls as placeholders', () => {
  const { catalog, oid } = catalogOf('int4', 'text', 'bool', 'numeric', 'uuid', 'date', 'citext', 'bytea')
  const of = (type: string, expression: string | undefined, identity = false, typmod = -1) =>
    schemaDefault(columnType(catalog, oid(type), typmod, DEFAULTS)!.codec, expression, identity)
  assert.equal(of('int4', '42'), 42)
  assert.equal(of('int4', `'-5'::integer`), -5)
  assert.equal(of('int4', `nextval('s'::regclass)`), 0)
  assert.equal(of('int4', undefined, true), 0)
  assert.equal(of('int4', undefined), undefined)
  assert.equal(of('int4', '(2 + 3)'), 0)
  assert.equal(of('text', `'it''s'::text`), "it's")
  assert.equal(of('text', `'x'::character varying(5)`), 'x')
  assert.equal(of('text', `upper('x'::text)`), '')
  assert.equal(of('text', `NULL::character varying`), undefined)
  assert.equal(of('bool', 'true'), true)
  assert.equal(String(of('numeric', '1.5', false, ((10 << 16) | 2) + 4)), '1.50')
  assert.equal(of('numeric', '1.5'), undefined)
  assert.equal(of('uuid', 'gen_random_uuid()'), '00000000-0000-0000-0000-000000000000')
  assert.equal(of('date', `'2024-02-29'::date`), 19_782)
  assert.equal(of('date', 'CURRENT_DATE'), 0)
  assert.equal(of('citext', `'x'::citext`), undefined)
  assert.equal(of('bytea', `'\\x00'::bytea`), undefined)
})

test('regular expressions are anchored, ignore case, and hold commas behind a backslash', () => {
  const filter = (include: string | null, exclude: string | null) =>
    new CaptureFilter({
      schemaInclude: [],
      schemaExclude: [],
      tableInclude: parseRegexList('table.include.list', include),
      tableExclude: parseRegexList('table.exclude.list', exclude),
      columnInclude: [],
      columnExclude: [],
      messagePrefixInclude: [],
      messagePrefixExclude: [],
    })
  const orders = { schema: 'public', table: 'Orders' }
  assert.equal(filter('public.orders', null).table(orders), true)
  assert.equal(filter('orders', null).table(orders), false)
  assert.equal(filter(null, 'public\\..{1\\,9}').table(orders), false)
  assert.equal(filter(null, null).table({ schema: 'pg_catalog', table: 'pg_class' }), false)
  assert.deepEqual(
    parseKeyColumns('k', '(.*).a:x,y;p.b:z').map(({ columns }) => columns),
    [['x', 'y'], ['z']],
  )
  assert.throws(() => parseKeyColumns('k', 'nonsense'), { code: 'CONFIG', key: 'k' })
})

test('errors that pass by themselves are told from those that do not', () => {
  const of = (code: string) => isTransient(Object.assign(new Error(), { code }))
  for (const code of ['ECONNREFUSED', 'EPIPE', 'ENOTFOUND', '57P01', '57P03', '08006', '53300', '40001', '55006'])
    assert.equal(of(code), true, code)
  for (const code of ['28P01', '3D000', '42704', '42501', 'CONFIG', 'ERR_TLS_CERT_ALTNAME_INVALID', ''])
    assert.equal(of(code), false, code)
})

test('a connection that ends under a statement, before it or while it is made passes by itself', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'u', database: 'd' })
  client.on('error', () => undefined)
  const connecting = client.connect()
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.destroy()
  await assert.rejects(connecting, (error) => isTransient(error))

  const second = new pg.Client({ host: '127.0.0.1', port, user: 'u', database: 'd' })
  second.on('error', () => undefined)
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const connected = second.connect()
  const [held] = await accepted
  // authentication ok, ready for query
  held.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]))
  await connected
  const asked = second.query('SELECT 1')
  held.destroy()
  await assert.rejects(asked, (error) => isTransient(error))
  await assert.rejects(second.query('SELECT 1'), (error) => isTransient(error))
  for (const each of sockets) each.destroy()
  server.close()
})

test('LSNs and statements in text form', () => {
  assert.equal(formatLsn(parseLsn('16/B374D848')), '16/B374D848')
  assert.equal(parseLsn('1/0'), 2 ** 32)
  assert.deepEqual(splitStatements(`SET a = 1; SELECT ';;' ;`), ['SET a = 1', `SELECT ';'`])
})
