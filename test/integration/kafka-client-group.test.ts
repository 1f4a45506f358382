import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Consumer } from '../../runtime/kafka/consumer.ts'
import type { TopicPartition } from '../../runtime/kafka/fetcher.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.start()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

const COOPERATIVE = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'
const list = (partitions: readonly TopicPartition[]): readonly number[] =>
  partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)

/** Polls in the background; writes down what its listener hears. */
class Member implements AsyncDisposable {
  readonly news: (readonly ['assigned' | 'revoked' | 'lost', readonly number[]])[] = []
  readonly values: string[] = []
  readonly consumer: Consumer
  failure: unknown
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(topic: string, groupId: string, props: Readonly<Record<string, string>> = {}) {
    this.consumer = kafka.clients.consumer({
      'group.id': groupId,
      'auto.offset.reset': 'earliest',
      'heartbeat.interval.ms': '100',
      'session.timeout.ms': '10000',
      ...props,
    })
    this.consumer.subscribe([topic], {
      assigned: async (partitions) => void this.news.push(['assigned', list(partitions)]),
      revoked: async (partitions) => void this.news.push(['revoked', list(partitions)]),
      lost: async (partitions) => void this.news.push(['lost', list(partitions)]),
    })
    this.resume()
  }

  get owned(): readonly number[] {
    return list(this.consumer.assignment())
  }

  /** Goes on polling. */
  resume(): void {
    this.#stop = new AbortController()
    this.#running = this.#run(this.#stop.signal)
  }

  /** Stops polling, and does not leave. */
  async halt(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.halt()
    await this.consumer[Symbol.asyncDispose]()
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted)
        for (const { value } of await this.consumer.poll({ timeoutMs: 200, signal })) this.values.push(String(value))
    } catch (error) {
      this.failure = error
    }
  }
}

async function until(condition: () => boolean, what: () => unknown): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, `never came true: ${JSON.stringify(what())}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('cooperative rebalances', () => {
  test('only what moves is revoked, and what stays is read on meanwhile', async () => {
    const topic = await kafka.topic(6)
    const groupId = `group-${randomUUID()}`
    const props = { 'partition.assignment.strategy': COOPERATIVE }
    await using first = new Member(topic, groupId, props)
    await until(
      () => first.owned.length === 6,
      () => first.news,
    )
    const positions = () => [0, 1, 2, 3, 4, 5].map((partition) => first.consumer.position(topic, partition))
    await until(() => positions().every((position) => position === 0), positions)
    {
      await using second = new Member(topic, groupId, props)
      await until(
        () => first.owned.length === 3 && second.owned.length === 3,
        () => [first.news, second.news],
      )
      assert.deepEqual([...first.owned, ...second.owned].toSorted(), [0, 1, 2, 3, 4, 5])
      const revoked = first.news.filter(([what]) => what === 'revoked')
      assert.deepEqual(revoked, [['revoked', second.owned]])
      assert.deepEqual(
        first.news.filter(([what, partitions]) => what === 'assigned' && partitions.length > 0),
        [['assigned', [0, 1, 2, 3, 4, 5]]],
      )
      // what was fetched and where it stands is as before
      for (const partition of first.owned) assert.equal(first.consumer.position(topic, partition), 0)
      await using producer = kafka.clients.producer()
      await producer.sendAndWait(
        [0, 1, 2, 3, 4, 5].map((partition) => ({ topic, partition, key: null, value: Buffer.from(`v${partition}`) })),
      )
      await until(
        () => first.values.length + second.values.length === 6,
        () => [first.values, second.values],
      )
      assert.deepEqual(
        first.values.toSorted(),
        first.owned.map((partition) => `v${partition}`),
      )
    }
    await until(
      () => first.owned.length === 6,
      () => first.news,
    )
    assert.ok(!first.news.some(([what]) => what === 'lost'))
  })

  test('a member that offers more than one strategy shares the group by the one that all have', async () => {
    const topic = await kafka.topic(4)
    const groupId = `group-${randomUUID()}`
    await using both = new Member(topic, groupId)
    await using other = new Member(topic, groupId, { 'partition.assignment.strategy': COOPERATIVE })
    await until(
      () => both.owned.length === 2 && other.owned.length === 2,
      () => [both.news, other.news],
    )
    assert.deepEqual([...both.owned, ...other.owned].toSorted(), [0, 1, 2, 3])
  })

  for (const strategy of ['RoundRobinAssignor', 'StickyAssignor'])
    test(`${strategy}: everything is given back and spread anew`, async () => {
      const topic = await kafka.topic(4)
      const groupId = `group-${randomUUID()}`
      const props = { 'partition.assignment.strategy': strategy }
      await using first = new Member(topic, groupId, props)
      await until(
        () => first.owned.length === 4,
        () => first.news,
      )
      await using second = new Member(topic, groupId, props)
      await until(
        () => first.owned.length === 2 && second.owned.length === 2,
        () => [first.news, second.news],
      )
      assert.deepEqual(first.news[1], ['revoked', [0, 1, 2, 3]])
    })
})

describe('members that stop polling', () => {
  test('after max.poll.interval.ms the partitions go to others; the next poll hears that they are lost, and joins again', async () => {
    const topic = await kafka.topic(2)
    const groupId = `group-${randomUUID()}`
    await using slow = new Member(topic, groupId, { 'max.poll.interval.ms': '1500' })
    await until(
      () => slow.owned.length === 2,
      () => slow.news,
    )
    await using quick = new Member(topic, groupId)
    await until(
      () => slow.owned.length === 1 && quick.owned.length === 1,
      () => [slow.news, quick.news],
    )
    await slow.halt()
    await until(
      () => quick.owned.length === 2,
      () => quick.news,
    )
    await assert.rejects(slow.consumer.commit([{ topic, partition: 0, offset: 0 }]), { kafkaName: 'UNKNOWN_MEMBER_ID' })
    const had = slow.owned
    slow.resume()
    await until(
      () => slow.owned.length === 1 && quick.owned.length === 1,
      () => [slow.news, quick.news],
    )
    assert.deepEqual(
      slow.news.findLast(([what]) => what === 'lost'),
      ['lost', had],
    )
  })
})

describe('static members', () => {
  test('one that closes and comes back within its session has what it had, without a rebalance', async () => {
    const topic = await kafka.topic(4)
    const groupId = `group-${randomUUID()}`
    const named = (name: string) => ({ 'group.instance.id': name })
    await using stays = new Member(topic, groupId, named('a'))
    let before: readonly number[]
    {
      await using goes = new Member(topic, groupId, named('b'))
      await until(
        () => stays.owned.length === 2 && goes.owned.length === 2,
        () => [stays.news, goes.news],
      )
      before = goes.owned
    }
    const heard = stays.news.length
    await using back = new Member(topic, groupId, named('b'))
    await until(
      () => back.owned.length === 2,
      () => back.news,
    )
    assert.deepEqual(back.owned, before)
    assert.equal(stays.news.length, heard)
  })

  test('one whose name is taken by another fails, and does not push that one out', async () => {
    const topic = await kafka.topic(1)
    const groupId = `group-${randomUUID()}`
    await using zombie = new Member(topic, groupId, { 'group.instance.id': 'a' })
    await until(
      () => zombie.owned.length === 1,
      () => zombie.news,
    )
    await using successor = new Member(topic, groupId, { 'group.instance.id': 'a' })
    await until(
      () => successor.owned.length === 1 && zombie.failure !== undefined,
      () => [zombie.news, successor.news],
    )
    assert.match(String(zombie.failure), /another member has group\.instance\.id=a/)
    assert.deepEqual(zombie.news.at(-1), ['lost', [0]])
    assert.equal(successor.failure, undefined)
    assert.deepEqual(successor.owned, [0])
  })
})
