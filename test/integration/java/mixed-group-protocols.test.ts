import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../acceptance/support/connect-cluster.ts'
import { Scrape } from '../../acceptance/support/metrics.ts'
import { MixedGroup } from './support/mixed-group.ts'

const NAMES = ['a', 'b']

/** Two file sources, shared by the two workers; every line that is written arrives once and in order. */
class Sources {
  readonly #group: MixedGroup
  #lines = 0

  constructor(group: MixedGroup) {
    this.#group = group
  }

  /** Posts one to each worker: one of them forwards. */
  async create(): Promise<void> {
    for (const [index, name] of NAMES.entries()) {
      await this.#group.createFile(name)
      const { url } = index === 0 ? this.#group.naru : this.#group.java
      const { status, body } = await this.#group.ask(url, 'PUT', `/connectors/${name}/config`, this.#group.source(name))
      assert.equal(status, 201, JSON.stringify(body))
    }
  }

  /** Each worker has a task. */
  async shared(): Promise<void> {
    await this.#group.share(NAMES)
    await this.flow()
  }

  async flow(): Promise<void> {
    this.#lines++
    for (const name of NAMES) await this.#group.write(name, `${this.#lines} ${name}`)
    for (const name of NAMES)
      assert.deepEqual(
        await this.#group.values(name, this.#lines),
        Array.from({ length: this.#lines }, (_, index) => `${index + 1} ${name}`),
      )
  }
}

async function protocolOf(group: MixedGroup): Promise<string | undefined> {
  return (await Scrape.text(group.naru)).text('connect-worker-rebalance-metrics connect-protocol')
}

const leads = (group: MixedGroup, kind: 'java' | 'naru'): Promise<void> =>
  until(`${kind} leads`, async () => (await group.leads()) === kind)

/** A group speaks what all its members speak. */
const speaks = (group: MixedGroup, protocol: string): Promise<void> =>
  until(`the group speaks ${protocol}`, async () => {
    const spoken = await protocolOf(group)
    return spoken === protocol || spoken
  })

test('connect.protocol=eager: Java and Naru lead in turn, and go on behind the offsets of each other', async () => {
  await using group = await MixedGroup.start({ props: { 'connect.protocol': 'eager' } })
  const sources = new Sources(group)
  await leads(group, 'java')
  await sources.create()
  await sources.shared()
  await speaks(group, 'EAGER')

  await group.java.stop()
  await leads(group, 'naru')
  for (const name of NAMES) await group.runningOn(group.naru, name)
  await sources.flow()

  await group.java.start()
  await sources.shared()
  assert.equal(await group.leads(), 'naru')
  await speaks(group, 'EAGER')
})

test('connect.protocol goes from compatible to sessioned in a mixed group, one restart after the other', async () => {
  await using group = await MixedGroup.start({ props: { 'connect.protocol': 'compatible' } })
  const sources = new Sources(group)
  await leads(group, 'java')
  await sources.create()
  await sources.shared()
  await speaks(group, 'COMPATIBLE')

  await group.cluster.removeWorker(group.naru)
  await group.startNaru({ 'connect.protocol': 'sessioned' })
  await sources.shared()
  assert.equal(await group.leads(), 'java')
  await speaks(group, 'COMPATIBLE')

  await group.java.stop()
  await leads(group, 'naru')
  await group.java.start({ 'connect.protocol': 'sessioned' })
  await sources.shared()
  await speaks(group, 'SESSIONED')
  // A request that Java forwards to the leader, task configs that it signs with the leader's session key.
  const changed = { ...group.source('b'), 'batch.size': '7' }
  assert.equal((await group.ask(group.java.url, 'PUT', '/connectors/b/config', changed)).status, 200)
  await until('its task has it', async () => {
    const { body } = await group.ask(group.java.url, 'GET', '/connectors/b/tasks')
    return JSON.stringify(body).includes('"batch.size":"7"') || body
  })
  await sources.shared()
})
