import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Random } from './support/random.ts'
import { SequenceLab } from './support/sequence-lab.ts'
import { until } from './support/until.ts'

const KILLS = Number(process.env.NARU_KILLS ?? 12)
const SEED = Number(process.env.NARU_SEED ?? Date.now() % 1_000_000)
/** So many kills one upon the other, then everything must flow again. */
const BURST = 10
const RECOVERED_WITHIN_MS = 120_000
/** Chance of a worker; else a broker. */
const WORKER = 0.7
/** After so many kills the connectors get another number of tasks: then earlier tasks are fenced, or stopped in the middle of their work. */
const RECONFIGURED_EVERY = { exactlyOnce: 7, atLeastOnce: 3 }
const TASKS: readonly (readonly [number, number])[] = [
  [2, 2],
  [3, 1],
  [1, 2],
]

test(`exactly once: nothing is lost, repeated or torn in ${KILLS} random kills of workers and brokers (NARU_SEED=${SEED})`, async (t) => {
  await using lab = await SequenceLab.start({ workers: 3, exactlyOnce: true })
  await killAtRandom(t, lab, KILLS)
  assert.equal(lab.reader.account.repeated, 0, 'records that were seen twice')
  t.diagnostic('0 lost, 0 repeated')
})

const AT_LEAST_ONCE_KILLS = Math.ceil(KILLS / 3)

test(`at least once: nothing is lost in ${AT_LEAST_ONCE_KILLS} random kills of workers and brokers (NARU_SEED=${SEED})`, async (t) => {
  await using lab = await SequenceLab.start({ workers: 3, exactlyOnce: false })
  await killAtRandom(t, lab, AT_LEAST_ONCE_KILLS)
  t.diagnostic(`0 lost, ${lab.reader.account.repeated} repeated`)
})

/** Kills, lets everything flow again, stops the connectors, and compares: nothing may be lost, and partitions are in order. */
async function killAtRandom(t: TestContext, lab: SequenceLab, kills: number): Promise<void> {
  const random = new Random(SEED)
  const { account } = lab.reader
  const every = lab.exactlyOnce ? RECONFIGURED_EVERY.exactlyOnce : RECONFIGURED_EVERY.atLeastOnce
  let tasks = TASKS[0]!
  const startedAt = performance.now()
  await lab.configure(tasks)
  await lab.allAdvance(names(tasks), RECOVERED_WITHIN_MS)
  const tally = { worker: 0, broker: 0, reconfigured: 0 }
  const recoveries: number[] = []
  // Brokers start and configurations are taken while the next kills fall. One broker at a time is away, for without two Kafka itself stands
  // still: until it is back, workers are the victims. (A Java broker needs seconds to start.)
  let broker = Promise.resolve()
  let brokerIsAway = false
  let configured = Promise.resolve()
  const recovered = async (): Promise<number> => {
    await Promise.all([broker, configured])
    return lab.allAdvance(names(tasks), RECOVERED_WITHIN_MS)
  }
  for (let kill = 1; kill <= kills; kill++) {
    await pause(random.int(1_500))
    if (random.next() < WORKER || brokerIsAway) {
      tally.worker++
      const worker = random.pick(lab.workers)
      await worker.kill()
      await pause(random.int(1_000))
      await worker.launch() // not waited for: it may be killed again while it starts
    } else {
      tally.broker++
      const victim = random.int(lab.brokers.count)
      const awayMs = random.int(500)
      await lab.brokers.kill(victim)
      brokerIsAway = true
      broker = pause(awayMs)
        .then(() => lab.brokers.start(victim))
        .then(() => {
          brokerIsAway = false
        })
      broker.catch(() => undefined) // told where it is awaited
    }
    if (kill % every === 0) {
      tally.reconfigured++
      const next = TASKS[tally.reconfigured % TASKS.length]!
      tasks = next
      configured = configured.then(() => lab.configure(next))
      configured.catch(() => undefined)
    }
    if (kill % BURST === 0) recoveries.push(await recovered())
  }
  await Promise.all(lab.workers.map((worker) => worker.untilReady(RECOVERED_WITHIN_MS)))
  recoveries.push(await recovered())
  await lab.finish()

  // Transactions are whole up to the newest unit. Without them that one may be written in part, and of a task that was killed and, by the next
  // configuration, not started again nothing is promised beyond its stored offset.
  const stored = await lab.storedUnits()
  const running = new Set(names(tasks))
  const whole = (task: string, newest: number): number =>
    lab.exactlyOnce ? newest : Math.max(stored[task] ?? 0, running.has(task) ? newest - 1 : 0)
  const reached = Object.fromEntries(Object.entries(account.progress).map(([task, unit]) => [task, whole(task, unit)]))
  await until(async () => account.lost(reached).length === 0, {
    timeoutMs: 60_000,
    describe: async () => `lost: ${account.lost(reached).slice(0, 5).join('; ')} of ${JSON.stringify(reached)}`,
  })
  assert.deepEqual(account.disordered, [], 'order per partition')
  t.diagnostic(`killed ${JSON.stringify(tally)}; ${account.records} records of ${account.tasks.length} tasks`)
  t.diagnostic(`${Math.round((performance.now() - startedAt) / kills)} ms a kill, all told`)
  t.diagnostic(`every task got on ${recoveries.join(', ')} ms after each ${BURST} kills`)
}

function names([polls, timed]: readonly [number, number]): readonly string[] {
  const of = (connector: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, task) => `${connector}-${task}`)
  return [...of('polls', polls), ...of('timed', timed)]
}

/** The victim's time: kills must fall anywhere in the cycle, so this waits for no event on purpose. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
