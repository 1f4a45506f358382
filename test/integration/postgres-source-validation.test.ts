import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Props } from 'naru/api'
import { PostgresSourceConnector } from '../../connectors/postgres/postgres-source-connector.ts'
import { PostgresUnderTest, SourceDriver, slotActive } from '../support/postgres-source-driver.ts'

async function errorsOf(props: Props): Promise<Record<string, readonly string[]>> {
  const values = PostgresSourceConnector.configDef().validate(props)
  const validated = await PostgresSourceConnector.validate(props, values)
  return Object.fromEntries(
    validated.filter(({ errors }) => errors.length > 0).map(({ name, errors }) => [name, errors]),
  )
}

/** One error, at this key, that says this; and the task fails with the same words. */
async function assertProblem(props: Props, key: string, ...parts: readonly RegExp[]): Promise<void> {
  const errors = await errorsOf(props)
  assert.deepEqual(Object.keys(errors), [key], JSON.stringify(errors))
  for (const part of parts) assert.match(errors[key]![0]!, part)
}

async function assertTaskFails(props: Props, message: RegExp): Promise<void> {
  await using source = await SourceDriver.start(props)
  await assert.rejects(source.records(1), message)
}

describe('validation of the Postgres source', () => {
  let db: PostgresUnderTest

  before(async () => {
    db = await PostgresUnderTest.start()
    await db.sql(`
      CREATE TABLE orders (id int PRIMARY KEY);
      CREATE ROLE reader LOGIN PASSWORD 'secret';
      CREATE ROLE copier LOGIN REPLICATION PASSWORD 'secret';
      GRANT SELECT ON orders TO reader`)
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
  })

  test('a right configuration has no errors, also while its own task runs', async () => {
    const props = db.props({ 'slot.name': 'mine' })
    assert.deepEqual(await errorsOf(props), {})
    await using _source = await SourceDriver.start(props)
    await slotActive(db, 'mine')
    assert.deepEqual(await errorsOf(props), {})
  })

  test('a missing key, a wrong type, an unknown choice: as Kafka Connect says it', async () => {
    const errors = await errorsOf(
      db.props({
        'topic.prefix': undefined,
        'max.batch.size': 'many',
        'decimal.handling.mode': 'exact',
        'slot.name': 'My-Slot',
      }),
    )
    assert.match(errors['topic.prefix']![0]!, /Missing required configuration "topic.prefix"/)
    assert.match(
      errors['max.batch.size']![0]!,
      /Invalid value many for configuration max.batch.size: Not a number of type INT/,
    )
    assert.match(
      errors['decimal.handling.mode']![0]!,
      /String must be one of \(case insensitive\): precise, double, string/,
    )
    assert.match(errors['slot.name']![0]!, /only lower-case letters, digits and underscores/)
  })

  test('keys that contradict each other or would be ignored at a cost', async () => {
    await assertProblem(
      db.props({ 'table.include.list': 'a.b', 'table.exclude.list': 'c.d' }),
      'table.include.list',
      /exclude each other/,
    )
    await assertProblem(db.props({ 'max.queue.size': '100' }), 'max.queue.size', /greater than max.batch.size/)
    await assertProblem(db.props({ 'column.mask.with.5.chars': 'a.b.c' }), 'column.mask.with.5.chars', /not supported/)
    await assertProblem(db.props({ 'table.include.list': 'a.(b' }), 'table.include.list', /Invalid value a.\(b/)
  })

  test('a host that does not exist, a port where nobody listens', async () => {
    await assertProblem(
      db.props({ 'database.hostname': 'no-such-host.invalid' }),
      'database.hostname',
      /"no-such-host.invalid" cannot be found/,
    )
    await assertProblem(db.props({ 'database.port': '1' }), 'database.hostname', /nothing listens at 127\.0\.0\.1:1/)
  })

  test('a database that does not exist, also at run time', async () => {
    const props = db.props({ 'database.dbname': 'nowhere' })
    await assertProblem(props, 'database.dbname', /database "nowhere" does not exist/, /CREATE DATABASE "nowhere"/)
    await assertTaskFails(props, /CREATE DATABASE "nowhere"/)
  })

  test('a user without the right to replicate', async () => {
    const props = db.props({
      'database.user': 'reader',
      'database.password': 'secret',
      'publication.autocreate.mode': 'filtered',
      'table.include.list': 'public.orders',
    })
    const errors = await errorsOf(props)
    assert.match(errors['database.user']![0]!, /ALTER ROLE "reader" REPLICATION;/)
    await assertTaskFails(props, /ALTER ROLE "reader" REPLICATION;/)
  })

  test('a user who may neither read the tables nor create the publication', async () => {
    const errors = await errorsOf(
      db.props({ 'database.user': 'copier', 'database.password': 'secret', 'publication.name': 'of_copier' }),
    )
    assert.match(errors['publication.name']![0]!, /Run as superuser: CREATE PUBLICATION "of_copier" FOR ALL TABLES/)
    assert.match(errors['database.user']![0]!, /GRANT SELECT ON orders TO "copier"/)
  })

  test('a publication that is missing though it may not be created', async () => {
    const props = db.props({ 'publication.name': 'absent', 'publication.autocreate.mode': 'disabled' })
    await assertProblem(
      props,
      'publication.name',
      /"absent" does not exist/,
      /CREATE PUBLICATION "absent" FOR TABLE "public"\."orders"/,
    )
    await assertTaskFails(props, /CREATE PUBLICATION "absent"/)
  })

  test('a slot that another client uses, and one of another plugin', async () => {
    await using _other = await SourceDriver.start(db.props({ 'slot.name': 'busy', 'topic.prefix': 'other' }))
    await slotActive(db, 'busy')
    const [row] = await db.sql(`SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'busy'`)
    const props = db.props({ 'slot.name': 'busy', 'slot.max.retries': '1', 'slot.retry.delay.ms': '10' })
    await assertProblem(
      props,
      'slot.name',
      new RegExp(`used by process ${String(row!['active_pid'])}`),
      /pg_terminate_backend/,
    )
    await assertTaskFails({ ...props, 'snapshot.mode': 'no_data' }, /"busy" is used by process \d+/)

    await db.sql(`SELECT pg_create_physical_replication_slot('physical')`)
    await assertProblem(db.props({ 'slot.name': 'physical' }), 'slot.name', /belongs to physical replication/)
  })

  test('a slot that vanished while an offset is stored', async () => {
    const props = db.props({ 'slot.name': 'vanished', 'table.include.list': 'public.orders' })
    const stored = { lsn_proc: 1000, lsn: 1000, lsn_commit: 1000, txId: 5, ts_usec: 1, messageType: 'INSERT' }
    await using source = await SourceDriver.start(props, { stored })
    await assert.rejects(source.records(1), /slot "vanished" does not exist any more.*snapshot\.mode=when_needed/)
    await db.sql('INSERT INTO orders VALUES (1)')
    await using again = await SourceDriver.start({ ...props, 'snapshot.mode': 'when_needed' }, { stored })
    assert.equal((await again.events(1))[0]!.value!.op, 'r')
  })
})

test('a server without logical decoding is told what to set', async () => {
  await using db = await PostgresUnderTest.start({ wal_level: 'replica' })
  const props = db.props()
  await assertProblem(
    props,
    'database.hostname',
    /wal_level of the server is "replica"/,
    /ALTER SYSTEM SET wal_level = 'logical'/,
  )
  await assertTaskFails(props, /ALTER SYSTEM SET wal_level/)
})

test('a wrong password is told by its key, at validation and at run time', async () => {
  await using db = await PostgresUnderTest.start()
  await db.sql(`CREATE ROLE locked LOGIN REPLICATION SUPERUSER PASSWORD 'right'`)
  const [row] = await db.sql('SHOW hba_file')
  const rule = 'host all locked 127.0.0.1/32 scram-sha-256'
  await db.sql(
    `COPY (SELECT unnest(ARRAY['${rule}', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'])) TO '${String(row!['hba_file'])}'`,
  )
  await db.sql('SELECT pg_reload_conf()')
  const props = db.props({ 'database.user': 'locked', 'database.password': 'wrong' })
  await assertProblem(
    props,
    'database.password',
    /refused the password of user "locked"/,
    /ALTER ROLE "locked" PASSWORD/,
  )
  await assertTaskFails(props, /refused the password of user "locked"/)
  assert.deepEqual(await errorsOf({ ...props, 'database.password': 'right' }), {})
})
