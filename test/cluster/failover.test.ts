import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { compareCounters, Counters } from './support/counters.ts'
import { Lab, s3Config } from './support/lab.ts'
import { Pairs, topicOf } from './support/pairs.ts'
import { Random } from './support/random.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

const TABLES = ['a', 'b', 'c', 'd', 'e'].map((letter) => `stock_${letter}`)

describe('three workers with ten connectors', () => {
  let lab: Lab
  let counters: Counters
  let s3: S3Lines
  let pairs: Pairs

  before(async () => {
    lab = await Lab.start({ workers: 3 })
    counters = new Counters({ url: () => lab.postgres.url, tables: TABLES, random: new Random(7) })
    s3 = new S3Lines(lab.s3Access)
    pairs = new Pairs({ lab, s3, tables: TABLES, folders: ['topics', 'moved'] })
    await counters.createTables()
    await pairs.create()
    counters.start(20)
    await pairs.allFlow()
    await pairs.allRunning()
  })

  after(async () => {
    s3[Symbol.dispose]()
    await counters[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  test('tasks are spread over all workers', async () => {
    await until(
      async () => {
        const perWorker = await tasksPerWorker()
        return perWorker.size === 3 && Math.max(...perWorker.values()) - Math.min(...perWorker.values()) <= 1
      },
      {
        timeoutMs: 60_000,
        describe: async () =>
          `10 tasks over 3 workers, the difference at most one: ${JSON.stringify([...(await tasksPerWorker())])}`,
      },
    )
  })

  test('data of every connector flows again within 15 s of a killed worker', async (t) => {
    const victim = lab.workers[1]!
    await victim.kill()
    t.diagnostic(`all ten connectors flow again after ${await pairs.allAdvance(counters, 15_000)} ms`)
    await pairs.allRunning()
    const owner = new URL(lab.rest.urls[1]!).host
    await until(async () => !(await tasksPerWorker()).has(owner), {
      timeoutMs: 60_000,
      describe: async () => `the killed worker owns nothing: ${JSON.stringify([...(await tasksPerWorker())])}`,
    })
    await victim.start()
  })

  test('data flows again after the broker was killed and has come back, no task fails', async (t) => {
    await lab.kafka.kill()
    await lab.kafka.start()
    t.diagnostic(
      `all ten connectors flow again ${await pairs.allAdvance(counters, 60_000)} ms after the broker is back`,
    )
    await pairs.allRunning()
  })

  test('data flows again after the database was killed and has come back, no task fails', async (t) => {
    await lab.postgres.kill()
    await lab.postgres.restart()
    t.diagnostic(
      `all ten connectors flow again ${await pairs.allAdvance(counters, 60_000)} ms after the database is back`,
    )
    await pairs.allRunning()
  })

  test('a config changed while a worker is down is in force when it is back', async () => {
    const worker = lab.workers[2]!
    await worker.stop()
    const changed = { ...s3Config(lab, topicOf(TABLES[0]!)), 'topics.dir': 'moved' }
    await lab.rest.put(`s3-${TABLES[0]}`, changed)
    await worker.start()
    const seen = (await lab.restOf(2).request('GET', `/connectors/s3-${TABLES[0]}/config`)).body as Record<
      string,
      string
    >
    assert.equal(seen['topics.dir'], 'moved')
    await until(async () => (await s3.keys(`moved/${topicOf(TABLES[0]!)}/`)).length > 0, {
      timeoutMs: 60_000,
      describe: () => 'objects under the new topics.dir',
    })
  })

  test('a rolling restart of all workers loses nothing and keeps order', async () => {
    for (const [i, worker] of lab.workers.entries()) {
      await worker.stop()
      assert.ok((await lab.restOf((i + 1) % 3).request('GET', '/connectors')).status === 200, 'the others answer')
      await worker.start()
    }
    await pairs.allRunning()
    await counters.stop()
    for (const table of TABLES) {
      const truth = await counters.truth(table)
      const verdict = await until(
        async () => {
          const found = compareCounters(await pairs.events(table), truth)
          return found.lost.length === 0 && found
        },
        {
          timeoutMs: 120_000,
          describe: async () =>
            `every write of ${table} in S3, still missing: ${compareCounters(await pairs.events(table), truth).lost.join('; ')}`,
        },
      )
      assert.deepEqual(verdict.disordered, [], `${table}: order per key`)
    }
  })

  async function statuses() {
    const all = await Promise.all(pairs.connectors.map((name) => lab.rest.status(name)))
    return all.filter((status) => status !== undefined)
  }

  async function tasksPerWorker(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    for (const status of await statuses())
      for (const task of status.tasks) counts.set(task.worker_id, (counts.get(task.worker_id) ?? 0) + 1)
    return counts
  }
})
