import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareCounters, Counters } from './support/counters.ts'
import { defaultKafka } from './support/kafka-under-test.ts'
import { Lab } from './support/lab.ts'
import { Pairs } from './support/pairs.ts'
import { Random } from './support/random.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

const KILLS = Number(process.env.NARU_KILLS ?? 50)
const SEED = Number(process.env.NARU_SEED ?? Date.now() % 1_000_000)
/** So many kills one upon the other, then everything must flow again: kills also hit a cluster that is well. */
const BURST = 10
const RECOVERED_WITHIN_MS = 60_000
/** Chances of a worker, of the broker; the rest is the database's. A Java broker takes many seconds to start. */
const [WORKER, BROKER] = defaultKafka() === 'embedded' ? [0.6, 0.2] : [0.68, 0.12]
const PAIRS = 5 // a CDC connector and an S3 sink each: ten connectors

test(`no row is lost in ${KILLS} random kills of workers, broker and database (NARU_SEED=${SEED})`, async (t) => {
  const random = new Random(SEED)
  await using lab = await Lab.start({ workers: 3 })
  const tables = Array.from({ length: PAIRS }, (_, i) => `counters_${i}`)
  await using counters = new Counters({ url: () => lab.postgres.url, tables, random: new Random(SEED + 1) })
  using s3 = new S3Lines(lab.s3Access)
  const pairs = new Pairs({ lab, s3, tables })
  await counters.createTables()
  await pairs.create()
  counters.start(20)
  await pairs.allFlow()

  const tally = { worker: 0, broker: 0, database: 0 }
  const recoveries: number[] = []
  for (let kill = 1; kill <= KILLS; kill++) {
    await pause(random.int(1_500))
    const victim = random.next()
    if (victim < WORKER) {
      tally.worker++
      const worker = random.pick(lab.workers)
      await worker.kill()
      await pause(random.int(1_000))
      await worker.launch() // not waited for: it may be killed again while it starts
    } else if (victim < WORKER + BROKER) {
      tally.broker++
      await lab.kafka.kill()
      await lab.kafka.start()
    } else {
      tally.database++
      await lab.postgres.kill()
      await lab.postgres.restart()
    }
    if (kill % BURST === 0) recoveries.push(await pairs.allAdvance(counters, RECOVERED_WITHIN_MS))
  }
  await Promise.all(lab.workers.map((worker) => worker.untilReady()))
  await counters.stop()
  t.diagnostic(`killed ${JSON.stringify(tally)}, ${counters.written} writes`)
  t.diagnostic(`every connector flowed again ${recoveries.join(', ')} ms after each ${BURST} kills`)

  let repeated = 0
  for (const table of tables) {
    const truth = await counters.truth(table)
    const verdict = await until(
      async () => {
        const found = compareCounters(await pairs.events(table), truth)
        return found.lost.length === 0 && found
      },
      {
        timeoutMs: 120_000,
        describe: async () => {
          const { lost } = compareCounters(await pairs.events(table), truth)
          const status = [await lab.rest.status(`cdc-${table}`), await lab.rest.status(`s3-${table}`)]
          return `${lost.length} keys of ${table} incomplete in S3: ${lost.slice(0, 5).join('; ')}\n${JSON.stringify(status)}`
        },
      },
    )
    assert.deepEqual(verdict.disordered, [], `${table}: order per key`)
    repeated += verdict.repeated
  }
  await pairs.allRunning()
  t.diagnostic(`0 lost, ${repeated} repeated`)
})

/** The victim's time: kills must fall anywhere in the cycle, so this waits for no event on purpose. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
