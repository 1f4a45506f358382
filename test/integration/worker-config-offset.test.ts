import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Work } from '../../runtime/group/assignment.ts'
import type { ConfigView, Membership } from '../../runtime/group/group.ts'
import { LeaderAssignor } from '../../runtime/group/leader-assignor.ts'
import { PeerWatch } from '../../runtime/group/peer-watch.ts'
import { Rebalances } from '../../runtime/group/rebalances.ts'
import { WorkerGroupMember } from '../../runtime/group/worker-group-member.ts'
import { silentLogger as logger } from '../../runtime/telemetry/context-logger.ts'
import { TestKafka, until } from '../acceptance/support/connect-cluster.ts'

const CONFIGURED: Work = { connectors: ['a', 'b', 'c', 'd'], tasks: [] }
const LOG_END = 7

/** A worker's copy of the config log: all of it, or that of one who reads behind. `refuses`: so many reads to the end fail. */
class Copy implements ConfigView {
  offset: number
  refreshes = 0
  #refuses: number

  constructor(offset: number, refuses = 0) {
    this.offset = offset
    this.#refuses = refuses
  }

  current() {
    return { offset: this.offset, configured: CONFIGURED }
  }

  async refresh(): Promise<void> {
    this.refreshes++
    if (this.#refuses-- > 0) throw new Error('the config topic cannot be read')
    this.offset = LOG_END
  }
}

interface Worker extends AsyncDisposable {
  readonly url: string
  readonly copy: Copy
  /** With the offset that this worker's copy had when it was told. */
  readonly told: { readonly membership: Membership; readonly offset: number }[]
}

function join(kafka: TestKafka, name: string, copy: Copy): Worker {
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
  const url = `http://${name}:8083/`
  const groupId = 'behind'
  const member = kafka.clients.groupMember({
    ...{ groupId, protocolType: 'connect', clientId: name, heartbeatIntervalMs: 200, logger },
    ...timeouts,
  })
  const group = new WorkerGroupMember({
    ...{ member, config: copy, url, protocol: 'sessioned' as const, logger, syncTimeoutMs: 3_000, maxDelayMs: 10_000 },
    ...timeouts,
    assignor: new LeaderAssignor({ config: copy, logger, maxDelayMs: 10_000, syncTimeoutMs: 3_000 }),
    unsyncBackoffMs: 100,
    rebalances: new Rebalances(),
    peers: new PeerWatch({
      members: async () => [],
      attend: async () => 'foreign',
      isFormerSelf: async () => false,
      remove: async () => false,
      gone: () => undefined,
      logger,
    }),
  })
  const told: Worker['told'] = []
  group.start({
    revoked: async () => undefined,
    assigned: (membership) => void told.push({ membership, offset: copy.offset }),
  })
  return { url, copy, told, [Symbol.asyncDispose]: () => group[Symbol.asyncDispose]() }
}

const connectors = ({ told }: Worker): readonly string[] => told.at(-1)?.membership.work.connectors ?? []

/** All connectors, each with one worker, none without. */
async function shared(...workers: readonly Worker[]): Promise<void> {
  await until('the work is shared', async () => {
    const each = workers.map(connectors)
    const all = each.flat().sort()
    return (each.every((own) => own.length > 0) && all.join() === CONFIGURED.connectors.join()) || each
  })
}

test('a follower that is behind the leader reads the config log to its end before it is given work', async () => {
  await using kafka = await TestKafka.start({ embedded: true })
  await using leader = join(kafka, 'leader', new Copy(LOG_END))
  await shared(leader)
  await using follower = join(kafka, 'follower', new Copy(3))
  await shared(leader, follower)
  assert.equal(follower.told[0]!.membership.leaderUrl, leader.url)
  for (const { membership, offset } of follower.told)
    assert.deepEqual([membership.configOffset, offset], [LOG_END, LOG_END])
  assert.equal(follower.copy.refreshes, 1)
  assert.equal(leader.copy.refreshes, 0)
})

test('one that cannot read it leaves for a while without having been given work; the others go on', async () => {
  await using kafka = await TestKafka.start({ embedded: true })
  await using leader = join(kafka, 'leader', new Copy(LOG_END))
  await shared(leader)
  await using follower = join(kafka, 'follower', new Copy(3, 2))
  await shared(leader, follower)
  assert.equal(follower.copy.refreshes, 3)
  for (const { offset } of follower.told) assert.equal(offset, LOG_END)
})

test('a leader that is behind a follower reads on before it decides', async () => {
  await using kafka = await TestKafka.start({ embedded: true })
  await using leader = join(kafka, 'leader', new Copy(3))
  await shared(leader)
  await using follower = join(kafka, 'follower', new Copy(LOG_END))
  await shared(leader, follower)
  assert.equal(leader.copy.refreshes, 1)
  assert.equal(follower.told[0]!.membership.configOffset, LOG_END)
  assert.equal(follower.told[0]!.membership.leaderUrl, leader.url)
})
