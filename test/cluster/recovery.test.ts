import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { FilePairs } from './support/file-pairs.ts'
import { Fleet } from './support/fleet.ts'
import { until } from './support/until.ts'

/** Connect's own timeouts (10 s for workers, 45 s for consumers), which nobody should have to wait for. */
describe('three workers with default timeouts', () => {
  let fleet: Fleet
  let pairs: FilePairs
  before(async () => {
    fleet = await Fleet.start({ workers: 3 })
    pairs = new FilePairs(fleet, 2)
    await pairs.create()
    await pairs.write('first')
    await pairs.allArrive('first', performance.now())
  })
  after(() => fleet[Symbol.asyncDispose]())

  /** None is the leader while the group rebalances. */
  async function leader(): Promise<number> {
    const { found } = await until(
      async () => {
        const text = await Promise.all(
          fleet.workers.map(async (_, i) => await (await fetch(`${fleet.urlOf(i)}/metrics`)).text()),
        )
        const found = text.findIndex((metrics) =>
          /^kafka_connect_connect_worker_rebalance_metrics_leader(\{\})? 1$/m.test(metrics),
        )
        return found >= 0 && { found }
      },
      { timeoutMs: 60_000, describe: () => 'a worker that leads' },
    )
    return found
  }

  test('data flows within seconds of a kill, of a follower and of the leader', async (t) => {
    const first = await leader()
    for (const [who, victim] of [['a follower', (first + 1) % 3] as const, ['the leader', first] as const]) {
      await fleet.workers[victim]!.kill()
      const killedAt = performance.now()
      await pairs.write(who)
      const ms = await pairs.allArrive(who, killedAt)
      t.diagnostic(`data flows ${Math.round(ms)} ms after ${who} was killed`)
      assert.ok(ms < 9_000, `${who}: sooner than the session times out: ${ms} ms`)
      await fleet.workers[victim]!.start()
      await pairs.allRun()
    }
  })

  test('kills that fall upon one another do not keep the group from finishing its rebalances', async (t) => {
    for (let i = 0; i < 4; i++) {
      const victim = fleet.workers[i % 3]!
      await victim.kill()
      await victim.launch()
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    await Promise.all(fleet.workers.map((worker) => worker.untilReady()))
    const since = performance.now()
    await pairs.write('after all')
    t.diagnostic(`data flows ${Math.round(await pairs.allArrive('after all', since))} ms after four kills in a row`)
    await pairs.allRun()
  })

  test('a frozen worker is fenced before its work runs elsewhere, finds out when it wakes, and works again', async (t) => {
    const victim = [...(await pairs.perWorker()).keys()].map((id) =>
      fleet.workers.findIndex((_, i) => fleet.idOf(i) === id),
    )[0]!
    await pairs.write('before the frost')
    await pairs.allArrive('before the frost', performance.now())
    const child = fleet.workers[victim]!
    process.kill(child.pid!, 'SIGSTOP')
    try {
      const frozenAt = performance.now()
      await pairs.write('in the frost')
      t.diagnostic(`data flows ${Math.round(await pairs.allArrive('in the frost', frozenAt))} ms after the freeze`)
      await until(async () => !(await pairs.perWorker()).has(fleet.idOf(victim)), {
        timeoutMs: 60_000,
        describe: async () => JSON.stringify([...(await pairs.perWorker())]),
      })
    } finally {
      process.kill(child.pid!, 'SIGCONT')
    }
    await until(async () => /lost the membership|is lost:/.test(await child.logTail(400)), {
      timeoutMs: 60_000,
      describe: async () => child.logTail(),
    })
    await pairs.write('after the frost')
    await pairs.allArrive('after the frost', performance.now())
    await pairs.allRun()
    for (const name of pairs.names) {
      const lines = (await readFile(pairs.output(name), 'utf8')).trimEnd().split('\n')
      const distinct = lines.filter((line, i) => lines.indexOf(line) === i)
      assert.deepEqual(distinct, [
        'first',
        'a follower',
        'the leader',
        'after all',
        'before the frost',
        'in the frost',
        'after the frost',
      ])
    }
  })
})
