import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startConnectCluster, until } from '../acceptance/support/connect-cluster.ts'
import { PostgresUnderTest, slotActive } from '../support/postgres-source-driver.ts'

const COMMITTED = { 'isolation.level': 'read_committed' }
const ROWS = 320
const KILLS = 3

test('a worker that is killed in the middle of database transactions goes on behind the last committed row, and repeats none', async () => {
  await using db = await PostgresUnderTest.start({ wal_sender_timeout: '5s' })
  await using cluster = await startConnectCluster({
    workers: 0,
    workerProps: {
      'exactly.once.source.support': 'enabled',
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'key.converter.schemas.enable': 'false',
      'value.converter.schemas.enable': 'false',
      'session.timeout.ms': '6000',
    },
  })
  let worker = await cluster.addWorker({ child: true })
  await db.sql('CREATE TABLE counted (id int PRIMARY KEY, n int)')
  const name = cluster.name('pg')
  await cluster.configure(
    name,
    db.props({
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'topic.prefix': name,
      'slot.name': 'counted',
      'publication.name': 'p_counted',
      'table.include.list': 'public.counted',
      'snapshot.mode': 'no_data',
      'exactly.once.support': 'required',
      // small batches: transactions of Kafka end within those of the database
      'max.batch.size': '7',
      'max.queue.size': '21',
    }),
  )
  await cluster.running(name, 1)
  const topic = `${name}.public.counted`
  // Each row is followed by a change of its key: delete, tombstone and create are one unit.
  const insert = async (from: number, to: number): Promise<void> => {
    await db.sql(
      `BEGIN; INSERT INTO counted SELECT i, i FROM generate_series(${from}, ${to}) i; UPDATE counted SET id = -id WHERE id BETWEEN ${from} AND ${to}; COMMIT`,
    )
  }
  await slotActive(db, 'counted')
  await insert(1, 20)
  await cluster.kafka.consume(topic, 80, { props: COMMITTED })

  const step = (ROWS - 20) / KILLS
  for (let kill = 0; kill < KILLS; kill++) {
    const from = 21 + kill * step
    const seen = await cluster.kafka.endOffset(topic)
    await insert(from, from + step - 1)
    const written = async (): Promise<true | string> => {
      const end = await cluster.kafka.endOffset(topic)
      return end > seen + 20 || `${end} of more than ${seen + 20}; the worker said:\n${worker.output}`
    }
    await until('some of it is written', written, 120_000)
    await worker.kill()
    cluster.forget(worker)
    worker = await cluster.addWorker({ child: true })
  }
  const events = await cluster.kafka.consume(topic, ROWS * 4, { props: COMMITTED, timeoutMs: 90_000 })
  await cluster.removeWorker(worker)
  const all = await cluster.kafka.contents(topic, COMMITTED)
  assert.equal(all.length, events.length, 'nothing comes twice')

  const told = all.map(({ key, value }) => {
    const { id } = JSON.parse(key!) as { id: number }
    return `${value === null ? 'tombstone' : (JSON.parse(value) as { op: string }).op} ${id}`
  })
  const wanted: string[] = []
  for (const [from, to] of [
    [1, 20],
    ...Array.from({ length: KILLS }, (_, i) => [21 + i * step, 20 + (i + 1) * step]),
  ] as [number, number][]) {
    for (let id = from; id <= to; id++) wanted.push(`c ${id}`)
    for (let id = from; id <= to; id++) wanted.push(`d ${id}`, `tombstone ${id}`, `c ${-id}`)
  }
  assert.deepEqual(told, wanted)
})
