import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APIS } from 'naru/protocol'
import type { Status } from '../../acceptance/support/connect-cluster.ts'
import { until } from '../../acceptance/support/connect-cluster.ts'
import { KafkaWire } from '../support/kafka-wire.ts'
import { MixedGroup } from './support/mixed-group.ts'

const SUPPORT = 'exactly.once.source.support'
const NAMES = ['a', 'b']
const COMMITTED = { 'isolation.level': 'read_committed' }

type Kind = 'java' | 'naru'

/**
 * https://kafka.apache.org/documentation/#connect_exactlyoncesource: one round of restarts brings `preparing` to all workers, a second one `enabled`. The
 * leader is the worker that was not restarted last; each kind leads the other in every mode that they can meet in, and one round is begun twice.
 */
test('exactly-once support comes to a group of a Java worker and one of Naru, restart by restart: nothing is lost, and once both have it nothing is repeated', async () => {
  await using upgrade = await Upgrade.start()
  const { group } = upgrade
  await until('both are in the group', async () => (await group.leads()) === 'java')
  await upgrade.createSources()
  assert.deepEqual(await upgrade.transactionalIds(), [])

  await upgrade.restart('naru', 'preparing', { under: 'java' })
  assert.deepEqual(await upgrade.transactionalIds(), [], 'the Java leader has not come so far')
  await upgrade.restart('naru', 'disabled', { under: 'java' })

  await upgrade.restart('java', 'preparing', { under: 'naru' })
  assert.deepEqual(await upgrade.transactionalIds(), [], 'nor has Naru')
  await upgrade.restart('naru', 'preparing', { under: 'java' })
  assert.deepEqual(await upgrade.transactionalIds(), [upgrade.leaderId], 'configs are transactions, sources are not')
  const java = await upgrade.transactionOf(upgrade.leaderId)
  assert.equal(java.transactionState, 'CompleteCommit')

  await upgrade.restart('naru', 'enabled', { under: 'java' })
  await upgrade.restart('naru', 'preparing', { under: 'java' })
  await upgrade.restart('java', 'enabled', { under: 'naru' })
  const naru = await upgrade.transactionOf(upgrade.leaderId)
  assert.notDeepEqual(naru, java, 'the new leader has fenced the old one')
  await upgrade.restart('naru', 'enabled', { under: 'java' })
  assert.notDeepEqual(await upgrade.transactionOf(upgrade.leaderId), naru)
  assert.deepEqual(await upgrade.transactionalIds(), [...upgrade.taskIds, upgrade.leaderId].sort())
  upgrade.reached()

  await upgrade.fencesTaskOf('naru', { leader: 'java' })
  group.java.signal('SIGSTOP')
  try {
    await until('Naru leads', async () => (await group.leads()) === 'naru')
    await upgrade.fencesTaskOf('java', { leader: 'naru' })
  } finally {
    group.java.signal('SIGCONT')
  }
  await upgrade.assertOnce()
})

/** Two file sources whose lines are numbered, written to all the while. */
class Upgrade implements AsyncDisposable {
  readonly group: MixedGroup
  readonly #stop = new AbortController()
  readonly #written = new Map(NAMES.map((name) => [name, 0]))
  #reached = new Map<string, number>()
  #writing: Promise<void> | undefined
  #batch = 2000

  private constructor(group: MixedGroup) {
    this.group = group
  }

  static async start(): Promise<Upgrade> {
    return new Upgrade(await MixedGroup.start({ props: { [SUPPORT]: 'disabled' }, child: true }))
  }

  get #id(): string {
    return this.group.cluster.name('connect')
  }
  get leaderId(): string {
    return `connect-cluster-${this.#id}`
  }
  get taskIds(): readonly string[] {
    return NAMES.map((name) => `${this.#id}-${name}-0`)
  }

  async createSources(): Promise<void> {
    for (const name of NAMES) {
      await this.group.createFile(name)
      const { status, body } = await this.group.ask(
        this.group.naru.url,
        'PUT',
        `/connectors/${name}/config`,
        this.#config(name),
      )
      assert.equal(status, 201, JSON.stringify(body))
    }
    this.#writing = this.#write()
    await this.group.share(NAMES)
  }

  #config(name: string): Readonly<Record<string, string>> {
    return { ...this.group.source(name), 'batch.size': String(this.#batch) }
  }

  async #write(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const [name, n] of this.#written) {
        await this.group.write(name, `${n}`, `${n + 1}`, `${n + 2}`)
        this.#written.set(name, n + 3)
      }
      await new Promise((resolve) => setTimeout(resolve, 50)) // a steady stream, whatever goes on
    }
  }

  /** Restarts a worker; then both have a task, lines arrive, and a config that the restarted worker is given gets into force by the leader. */
  async restart(kind: Kind, mode: string, { under }: { readonly under: Kind }): Promise<void> {
    const { group } = this
    if (kind === 'java') {
      await group.java.stop()
      await group.java.start({ [SUPPORT]: mode })
    } else {
      await group.naru.stop()
      await group.startNaru({ [SUPPORT]: mode })
    }
    await this.group.share(NAMES)
    assert.equal(await group.leads(), under)
    this.#batch++
    for (const name of NAMES) {
      const path = `/connectors/${name}/config`
      const { status, body } = await group.ask(group[kind].url, 'PUT', path, this.#config(name))
      assert.equal(status, 200, JSON.stringify(body))
    }
    for (const name of NAMES)
      for (const { url } of [group.java, group.naru])
        await until(`${url} knows the task config of ${name}`, async () => {
          const { body } = await group.ask(url, 'GET', `/connectors/${name}/tasks`)
          return JSON.stringify(body).includes(`"batch.size":"${this.#batch}"`) || body
        })
    await this.group.share(NAMES)
    await this.#arrives()
  }

  /** A line that is written now is in its topic. */
  async #arrives(): Promise<void> {
    for (const [name, count] of [...this.#written])
      await this.group.cluster.kafka.consume(
        this.group.cluster.name(name),
        (records) => Number(records.at(-1)?.value ?? -1) >= count,
        { props: COMMITTED },
      )
  }

  /** From now on no line may come twice. */
  reached(): void {
    this.#reached = new Map(this.#written)
  }

  /**
   * The leader is asked to change the offset of a task that the other worker has run, or runs: it fences the producer of the task, which has another epoch
   * then. Only the leader is asked: the other worker may be frozen.
   */
  async fencesTaskOf(kind: Kind, { leader }: { readonly leader: Kind }): Promise<void> {
    const { group } = this
    const { url } = group[leader]
    const statuses = await Promise.all(NAMES.map((name) => group.running(name, 1, [url])))
    const { name } = statuses.find(({ tasks }) => tasks[0]!.worker_id === group[kind].workerId)!
    const id = `${this.#id}-${name}-0`
    const before = await this.transactionOf(id)
    assert.equal((await group.ask(url, 'PUT', `/connectors/${name}/stop`)).status, 204)
    await until(`${name} is stopped`, async () => {
      const { body } = await group.ask(url, 'GET', `/connectors/${name}/status`)
      const { connector, tasks } = body as Status
      return (connector.state === 'STOPPED' && tasks.length === 0) || body
    })
    const { body } = await group.ask(url, 'GET', `/connectors/${name}/offsets`)
    const changed = await group.ask(url, 'PATCH', `/connectors/${name}/offsets`, body)
    assert.equal(changed.status, 200, JSON.stringify(changed))
    const after = await this.transactionOf(id)
    assert.ok(
      after.producerId !== before.producerId || after.producerEpoch > before.producerEpoch,
      `${id}: ${before.producerEpoch}, then ${after.producerEpoch}`,
    )
    assert.equal((await group.ask(url, 'PUT', `/connectors/${name}/resume`)).status, 202)
    await group.running(name, 1, [url])
  }

  /** No line is lost, and since `reached` none came twice. */
  async assertOnce(): Promise<void> {
    this.#stop.abort()
    await this.#writing
    await this.#arrivesWhole()
    for (const [name, count] of this.#written) {
      const records = await this.group.cluster.kafka.contents(this.group.cluster.name(name), COMMITTED)
      const all = records.map(({ value }) => Number(value))
      assert.deepEqual(
        [...new Set(all)],
        Array.from({ length: count }, (_, n) => n),
        `${name}: nothing is lost`,
      )
      const from = this.#reached.get(name)!
      assert.ok(count > from + 50, `${name}: ${count - from} lines`)
      const since = all.slice(all.indexOf(from))
      assert.deepEqual(
        since,
        Array.from({ length: count - from }, (_, n) => from + n),
        `${name}: each line once, in order`,
      )
    }
  }

  async #arrivesWhole(): Promise<void> {
    for (const [name, count] of this.#written)
      await this.group.cluster.kafka.consume(
        this.group.cluster.name(name),
        (records) => records.some(({ value }) => Number(value) === count - 1),
        { props: COMMITTED },
      )
  }

  async transactionalIds(): Promise<readonly string[]> {
    await using wire = await this.#wire()
    const { transactionStates } = await wire.send(APIS.ListTransactions, 0, { stateFilters: [], producerIdFilters: [] })
    return transactionStates
      .map(({ transactionalId }) => transactionalId)
      .filter((each) => each.includes(this.#id))
      .sort()
  }

  async transactionOf(transactionalId: string) {
    await using wire = await this.#wire()
    const { transactionStates } = await wire.send(APIS.DescribeTransactions, 0, { transactionalIds: [transactionalId] })
    const { producerId, producerEpoch, transactionState } = transactionStates[0]!
    return { producerId, producerEpoch, transactionState }
  }

  async #wire(): Promise<KafkaWire> {
    return await KafkaWire.connect(Number(new URL(`kafka://${this.group.cluster.kafka.bootstrap}`).port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#writing
    await this.group[Symbol.asyncDispose]()
  }
}
