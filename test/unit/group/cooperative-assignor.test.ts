import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_WORK, difference, isNoWork, taskName, union } from '../../../runtime/group/assignment.ts'
import type { Work } from '../../../runtime/group/assignment.ts'
import { CooperativeAssignor } from '../../../runtime/group/cooperative-assignor.ts'

/** Members that do what they are told, as the real ones do. */
class Cluster {
  now = 0
  readonly members = new Map<string, Work>()
  configured: Work
  #assignor: CooperativeAssignor
  #generation = 0
  readonly #maxDelayMs: number

  constructor(configured: Work, maxDelayMs = 300_000) {
    this.configured = configured
    this.#maxDelayMs = maxDelayMs
    this.#assignor = this.#newAssignor()
  }

  #newAssignor(): CooperativeAssignor {
    return new CooperativeAssignor({ maxDelayMs: this.#maxDelayMs, now: () => this.now })
  }

  changeLeader(): void {
    this.#assignor = this.#newAssignor()
  }

  join(...names: readonly string[]): void {
    for (const name of names) this.members.set(name, NO_WORK)
  }

  /** One generation. */
  rebalance(): { delayMs: number; assigned: Work; revoked: Work; moved: ReadonlyMap<string, Work> } {
    const result = this.#assignor.assign({
      members: new Map(this.members),
      configured: this.configured,
      generation: this.#generation + 1,
      lastGeneration: this.#generation,
    })
    this.#generation++
    for (const [name, held] of this.members) {
      const revoked = result.revoked.get(name) ?? NO_WORK
      this.members.set(name, union(difference(held, revoked), result.assigned.get(name) ?? NO_WORK))
    }
    return {
      delayMs: result.delayMs,
      assigned: union(...result.assigned.values()),
      revoked: union(...result.revoked.values()),
      moved: result.revoked,
    }
  }

  /** Generations, and the clock, until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 40; round++) {
      const { delayMs, revoked } = this.rebalance()
      this.now += delayMs
      if (delayMs === 0 && isNoWork(revoked)) return
    }
    assert.fail('the group does not settle')
  }

  loads(): readonly string[] {
    return [...this.members.values()].map((work) => `${work.connectors.length}C/${work.tasks.length}T`)
  }

  tasksOf(name: string): readonly string[] {
    return this.members.get(name)!.tasks.map(taskName)
  }
}

function work(connectors: readonly string[], tasksEach: number): Work {
  return {
    connectors,
    tasks: connectors.flatMap((connector) => Array.from({ length: tasksEach }, (_, task) => ({ connector, task }))),
  }
}

const AB = work(['a', 'b'], 4)

function threeWorkers(maxDelayMs?: number): Cluster {
  const cluster = new Cluster(AB, maxDelayMs)
  for (const name of ['w1', 'w2', 'w3']) {
    cluster.join(name)
    cluster.settle()
  }
  return cluster
}

// Traces made by running Kafka Connect's own assignor.
describe('the cooperative assignor', () => {
  it('moves work to a second and a third worker in two rounds each, from the front of the lists', () => {
    const cluster = new Cluster(AB)
    cluster.join('w1')
    cluster.rebalance()
    assert.deepEqual(cluster.loads(), ['2C/8T'])

    cluster.join('w2')
    const first = cluster.rebalance()
    assert.deepEqual(first.revoked, { connectors: ['a'], tasks: work(['a'], 4).tasks })
    assert.ok(isNoWork(first.assigned))
    const second = cluster.rebalance()
    assert.deepEqual(second.assigned, first.revoked)
    assert.deepEqual(cluster.loads(), ['1C/4T', '1C/4T'])
    cluster.settle()

    cluster.join('w3')
    const third = cluster.rebalance()
    assert.deepEqual(third.revoked.connectors, [])
    assert.deepEqual(third.revoked.tasks.map(taskName).sort(), ['a-0', 'b-0'])
    cluster.rebalance()
    assert.deepEqual(cluster.loads(), ['1C/3T', '1C/3T', '0C/2T'])
  })

  it('keeps the work of a lost worker for it until the delay is over, then gives it to the candidate', () => {
    const cluster = threeWorkers()
    cluster.members.delete('w2')
    assert.equal(cluster.rebalance().delayMs, 300_000)
    cluster.now = 100_000
    const again = cluster.rebalance()
    assert.equal(again.delayMs, 200_000)
    assert.ok(isNoWork(again.assigned))
    cluster.now = 200_000
    cluster.join('w4')
    assert.equal(cluster.rebalance().delayMs, 100_000)
    cluster.now = 300_000
    const due = cluster.rebalance()
    assert.deepEqual(due.assigned.connectors, ['a'])
    assert.deepEqual(cluster.tasksOf('w4'), ['a-1', 'a-2', 'a-3'])
    assert.deepEqual(cluster.loads(), ['1C/3T', '0C/2T', '1C/3T'])
  })

  it('assigns at once what a member that is still there no longer reports', () => {
    const cluster = threeWorkers()
    cluster.members.set('w2', NO_WORK)
    const { delayMs } = cluster.rebalance()
    assert.equal(delayMs, 0)
    cluster.settle()
    assert.deepEqual([...cluster.loads()].sort(), ['0C/2T', '1C/3T', '1C/3T'])
  })

  it('assigns the work of a lost worker at once when the delay is 0', () => {
    const cluster = threeWorkers(0)
    cluster.members.delete('w2')
    assert.equal(cluster.rebalance().delayMs, 0)
    assert.deepEqual(cluster.loads(), ['1C/4T', '1C/4T'])
  })

  it('takes work that two workers report from both, and assigns it in the next round', () => {
    const cluster = new Cluster(work(['a'], 2))
    cluster.join('w1', 'w2')
    cluster.members.set('w1', work(['a'], 2))
    cluster.members.set('w2', work(['a'], 2))
    const { revoked } = cluster.rebalance()
    assert.deepEqual(revoked, work(['a'], 2))
    cluster.settle()
    assert.deepEqual(cluster.loads(), ['1C/1T', '0C/1T'])
  })

  it('treats work that nobody reports as new when the leader is new', () => {
    const cluster = threeWorkers()
    cluster.members.delete('w2')
    cluster.changeLeader()
    assert.equal(cluster.rebalance().delayMs, 0)
    assert.deepEqual(cluster.loads(), ['1C/4T', '1C/4T'])
  })

  it('puts off the second of two revoking rounds in a row, longer each time', () => {
    const cluster = new Cluster(work(['a', 'b', 'c', 'd', 'e', 'f'], 4))
    const delays: number[] = []
    const revoked: number[] = []
    for (const name of ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7']) {
      cluster.join(name)
      const round = cluster.rebalance()
      delays.push(round.delayMs)
      revoked.push(round.revoked.tasks.length)
    }
    assert.deepEqual(delays, [0, 0, 40, 40, 0, 1600, 1600])
    assert.deepEqual(revoked, [0, 12, 0, 0, 9, 0, 0])
    cluster.now += 1_600
    assert.equal(cluster.rebalance().revoked.tasks.length, 3)
    cluster.rebalance()
    assert.deepEqual([...cluster.members.values()].map(({ tasks }) => tasks.length).sort(), [3, 3, 3, 3, 4, 4, 4])
  })

  it('takes away deleted work and the surplus of the rest in one round', () => {
    const cluster = new Cluster(work(['a', 'b', 'c'], 2))
    cluster.join('w1')
    cluster.settle()
    cluster.join('w2')
    cluster.configured = work(['b', 'c'], 2)
    const { revoked } = cluster.rebalance()
    assert.ok(revoked.connectors.includes('a'))
    assert.equal(revoked.tasks.length, 4)
  })
})

describe('the cooperative assignor, whatever happens', () => {
  for (let seed = 1; seed <= 60; seed++)
    it(`never doubles work and ends balanced and complete (seed ${seed})`, () => {
      const random = randomFrom(seed)
      const cluster = new Cluster(work(['a', 'b'], 3), random() < 0.3 ? 0 : 1_000)
      cluster.join('w0')
      let next = 1
      for (let step = 0; step < 30; step++) {
        const chance = random()
        if (chance < 0.25) cluster.join(`w${next++}`)
        else if (chance < 0.4 && cluster.members.size > 1)
          cluster.members.delete(pick([...cluster.members.keys()], random))
        else if (chance < 0.6) cluster.configured = randomWork(random)
        else if (chance < 0.7) cluster.changeLeader()
        cluster.now += Math.floor(random() * 500)
        const before = new Map(cluster.members)
        cluster.rebalance()
        assertNoDuplicates(cluster)
        assertNothingMovesInOneRound(before, cluster)
      }
      cluster.settle()
      assertComplete(cluster)
      const settled = cluster.loads()
      const { revoked, assigned } = cluster.rebalance()
      assert.ok(isNoWork(revoked) && isNoWork(assigned), 'nothing moves needlessly')
      assert.deepEqual(cluster.loads(), settled)
    })
})

function assertNoDuplicates(cluster: Cluster): void {
  const held = [...cluster.members.values()]
  const names = held.flatMap(({ connectors, tasks }) => [...connectors, ...tasks.map(taskName)])
  assert.equal(names.length, new Set(names).size)
}

/** What one member had and another has now was never stopped in between: forbidden. */
function assertNothingMovesInOneRound(before: ReadonlyMap<string, Work>, cluster: Cluster): void {
  for (const [name, held] of before)
    for (const [other, now] of cluster.members) {
      if (other === name || !cluster.members.has(name)) continue
      const taken = now.tasks.map(taskName).filter((task) => held.tasks.map(taskName).includes(task))
      assert.deepEqual(taken, [])
    }
}

function assertComplete(cluster: Cluster): void {
  const all = union(...cluster.members.values())
  assert.deepEqual([...all.connectors].sort(), [...cluster.configured.connectors].sort())
  assert.deepEqual(all.tasks.map(taskName).sort(), cluster.configured.tasks.map(taskName).sort())
  for (const kind of ['connectors', 'tasks'] as const) {
    const sizes = [...cluster.members.values()].map((held) => held[kind].length)
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${kind}: ${sizes.join(', ')}`)
  }
}

function randomWork(random: () => number): Work {
  const connectors = Array.from({ length: Math.floor(random() * 5) }, (_, i) => `c${i}`)
  return {
    connectors,
    tasks: connectors.flatMap((connector) =>
      Array.from({ length: Math.floor(random() * 5) }, (_, task) => ({ connector, task })),
    ),
  }
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
