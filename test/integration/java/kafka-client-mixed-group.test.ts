import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { TopicPartition } from '../../../runtime/kafka/fetcher.ts'
import { kafkaLibs, loggingFile, QUICK_JVM } from '../../../scripts/kafka-libs.ts'
import { KafkaUnderTest } from '../support/kafka-under-test.ts'

let kafka: KafkaUnderTest
let libs: string
before(async () => {
  libs = await kafkaLibs()
  kafka = await KafkaUnderTest.start()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

const JAVA = 'org.apache.kafka.clients.consumer.'

/** Kafka's console consumer as a member of the group; what it reads arrives in `values`. */
class JavaMember implements AsyncDisposable {
  readonly values: string[] = []
  readonly #process

  constructor(topic: string, groupId: string, strategy: string) {
    const config = ['group.protocol=classic', `partition.assignment.strategy=${strategy}`, 'heartbeat.interval.ms=200']
    this.#process = spawn(
      'java',
      [
        ...['-Xmx128m', ...QUICK_JVM],
        ...[`-Dlog4j2.configurationFile=${loggingFile(libs)}`, '-cp', `${libs}/*`],
        ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', kafka.bootstrap],
        ...['--topic', topic, '--group', groupId, '--from-beginning'],
        ...config.flatMap((each) => ['--command-property', each]),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    let rest = ''
    this.#process.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop()!
      this.values.push(...lines)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await gone
  }
}

for (const strategy of ['CooperativeStickyAssignor', 'StickyAssignor', 'RoundRobinAssignor'])
  test(`a Java member and ours share a group by ${strategy}, whoever came first`, async () => {
    const topic = await kafka.topic(6)
    const groupId = `group-${randomUUID()}`
    const revoked: (readonly TopicPartition[])[] = []
    await using ours = kafka.clients.consumer({
      'group.id': groupId,
      'auto.offset.reset': 'earliest',
      'heartbeat.interval.ms': '200',
      'partition.assignment.strategy': JAVA + strategy,
    })
    const nothing = async (): Promise<void> => undefined
    ours.subscribe([topic], {
      assigned: nothing,
      revoked: async (partitions) => void revoked.push(partitions),
      lost: nothing,
    })
    const values: string[] = []
    const poll = async (until: () => boolean): Promise<void> => {
      const deadline = Date.now() + 60_000
      while (!until()) {
        assert.ok(Date.now() < deadline, `ours has ${JSON.stringify(ours.assignment())}`)
        for (const { value } of await ours.poll({ timeoutMs: 100 })) values.push(String(value))
      }
    }
    await poll(() => ours.assignment().length === 6)
    {
      await using java = new JavaMember(topic, groupId, JAVA + strategy)
      await poll(() => ours.assignment().length === 3)
      assert.equal(revoked[0]!.length, strategy === 'CooperativeStickyAssignor' ? 3 : 6)
      await using producer = kafka.clients.producer()
      await producer.sendAndWait(
        [0, 1, 2, 3, 4, 5].map((partition) => ({ topic, partition, key: null, value: Buffer.from(`v${partition}`) })),
      )
      await poll(() => values.length + java.values.length >= 6)
      assert.deepEqual([...values, ...java.values].toSorted(), ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'])
      assert.deepEqual(
        values.toSorted(),
        ours
          .assignment()
          .map(({ partition }) => `v${partition}`)
          .toSorted(),
      )
    }
    await poll(() => ours.assignment().length === 6)
  })

test('a Java member leads, and ours takes what it is given', async () => {
  const topic = await kafka.topic(4)
  const groupId = `group-${randomUUID()}`
  await using producer = kafka.clients.producer()
  await producer.sendAndWait([{ topic, partition: 0, key: null, value: Buffer.from('first') }])
  const strategy = `${JAVA}CooperativeStickyAssignor`
  await using java = new JavaMember(topic, groupId, strategy)
  while (java.values.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await using ours = kafka.clients.consumer({ 'group.id': groupId, 'partition.assignment.strategy': strategy })
  const nothing = async (): Promise<void> => undefined
  ours.subscribe([topic], { assigned: nothing, revoked: nothing, lost: nothing })
  const deadline = Date.now() + 60_000
  while (ours.assignment().length < 2) {
    assert.ok(Date.now() < deadline)
    await ours.poll({ timeoutMs: 100 })
  }
  assert.equal(ours.assignment().length, 2)
})
