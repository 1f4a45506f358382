import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LogLines } from '../../runtime/testing/log-lines.ts'
import { ScriptedSink } from '../support/scripted-sink.ts'
import type { Script } from '../support/scripted-sink.ts'
import { RetriableError } from '../../runtime/api/index.ts'
import type { Logger, Offsets, Props } from '../../runtime/api/index.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const values = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `value-${from + i}`)

const API_KEY_PRODUCE = 0
const API_KEY_OFFSET_COMMIT = 8
const API_KEY_JOIN_GROUP = 11
const API_KEY_HEARTBEAT = 12
const COORDINATOR_LOAD_IN_PROGRESS = 14
const NOT_ENOUGH_REPLICAS = 19

describe('what a sink task commits', { timeout: 600_000 }, () => {
  async function sink(
    script: Script,
    {
      worker = {},
      props = {},
      logger,
    }: { readonly worker?: Props; readonly props?: Props; readonly logger?: Logger } = {},
  ): Promise<{
    readonly w: WorkerUnderTest
    readonly topic: string
    readonly name: string
    readonly seen: ScriptedSink
  }> {
    const seen = new ScriptedSink(script)
    const w = await WorkerUnderTest.start(worker, [seen.plugin], logger === undefined ? {} : { logger })
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.startTask(name, { 'connector.class': 'test.ScriptedSink', topics: topic, ...props })
    return { w, topic, name, seen }
  }

  /** Commits all that was delivered; `asked`: up to where, each time. */
  function allOf(): {
    readonly preCommit: (delivered: Offsets) => Offsets
    readonly asked: readonly (number | undefined)[]
  } {
    const asked: (number | undefined)[] = []
    const preCommit = (delivered: Offsets): Offsets => {
      asked.push(delivered[0]?.offset)
      return delivered
    }
    return { preCommit, asked }
  }

  async function committed(w: WorkerUnderTest, name: string): Promise<number | undefined> {
    return (await w.clients.admin().listGroupOffsets(`connect-${name}`))[0]?.offset
  }

  async function untilCommitted(w: WorkerUnderTest, name: string, offset: number): Promise<void> {
    while ((await committed(w, name)) !== offset) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  test('is what preCommit says, never more than was delivered, and nothing when it says nothing', async () => {
    let answer: 'less' | 'more' | 'null' = 'null'
    const { w, topic, name, seen } = await sink({
      preCommit: (delivered) => {
        if (answer === 'null') return null as never
        return delivered.map((each) => ({ ...each, offset: each.offset + (answer === 'less' ? -3 : 1000) }))
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until(({ calls }) => calls.filter((each) => each === 'preCommit').length >= 3)
    assert.equal(await committed(w, name), undefined)
    answer = 'less'
    await untilCommitted(w, name, 7)
    answer = 'more'
    const before = seen.calls.length
    await seen.until(({ calls }) => calls.length > before + 4)
    assert.equal(await committed(w, name), 7)
  })

  test('is asked for at each interval, and the task rests in between', async () => {
    const { w, topic, seen } = await sink({})
    await using _ = w
    await w.produce(topic, values(0, 1))
    const count = (call: 'put' | 'preCommit'): number => seen.calls.filter((each) => each === call).length
    await seen.until(() => count('preCommit') >= 5)
    assert.ok(count('put') <= 15, `put was called ${count('put')} times beside five commits`)
  })

  test('is read again from the last commit when preCommit fails, also when there was none yet', async () => {
    let failures = 0
    const { w, topic, name, seen } = await sink({
      preCommit: (delivered) => {
        if (failures < 2 && delivered.some(({ offset }) => offset >= 10)) {
          failures++
          throw new Error('what was put is lost')
        }
        return delivered
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 30)
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, [...values(0, 10), ...values(0, 10), ...values(0, 10)])
  })

  test('starts where the task says: open() and put() may ask to read again from anywhere', async () => {
    let rewound = false
    const { w, topic, name, seen } = await sink({
      open: (partitions, context) => context.seek(partitions.map((each) => ({ ...each, offset: 4 }))),
      put: (records, context) => {
        const last = records.at(-1)
        if (rewound || last === undefined || last.offset < 9) return
        rewound = true
        context.seek([{ topic: last.originalTopic, partition: last.originalPartition, offset: 8 }])
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 8)
    assert.deepEqual(seen.values, [...values(4, 10), ...values(8, 10)])
    await untilCommitted(w, name, 10)
  })

  test('a task can tell whether it has seen all there is, and not while it reads again', async () => {
    let told: string[] = []
    let phase: 'reads' | 'rewound' | 'reads again' = 'reads'
    const { w, topic, seen } = await sink({
      put: (records, context) => {
        context.timeout(20)
        const partitions = context.assignment()
        if (partitions.length === 0) return
        told.push(...records.map(({ offset }) => `read ${offset}`), context.atEnd(partitions[0]!) ? 'end' : 'more')
        if (phase === 'reads' && told.includes('read 2') && told.at(-1) === 'end') {
          phase = 'rewound'
          told = []
          context.pause(partitions) // so that nothing is read before the next call
          context.seek(partitions.map((each) => ({ ...each, offset: 1 })))
        } else if (phase === 'rewound') {
          phase = 'reads again'
          context.resume(partitions)
        }
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 3))
    await seen.until(() => phase === 'reads again' && told.includes('end'))
    assert.equal(told[0], 'more')
    assert.deepEqual(told.filter((each) => each !== 'more').slice(0, 3), ['read 1', 'read 2', 'end'])
  })

  test('is asked for by the task before the interval, which may also pause partitions and wait', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    let resumed = false
    const { w, topic, name, seen } = await sink(
      {
        put: (records, context) => {
          if (records.length > 0) {
            context.requestCommit()
            context.pause(context.assignment())
          } else if (seen.values.length === 1 && resumed) context.resume(context.assignment())
          context.timeout(20)
        },
      },
      { worker, props: { 'consumer.override.max.poll.records': '1' } },
    )
    await using _ = w
    await w.produce(topic, values(0, 2))
    await untilCommitted(w, name, 1)
    assert.deepEqual(seen.values, values(0, 1))
    const empty = seen.calls.length
    // timeout() makes put come again although there is nothing to read.
    await seen.until(({ calls }) => calls.length > empty + 3)
    assert.deepEqual(seen.values, values(0, 1))
    resumed = true
    await untilCommitted(w, name, 2)
  })

  test('stays what it was while Kafka refuses it, and catches up afterwards', async () => {
    const { preCommit, asked } = allOf()
    const log = new LogLines()
    const { w, topic, name, seen } = await sink(
      { preCommit },
      { worker: { 'offset.flush.timeout.ms': '500' }, logger: log },
    )
    await using _ = w
    if (w.broker === undefined) return // faults on demand need the embedded broker
    await w.produce(topic, values(0, 5))
    await untilCommitted(w, name, 5)
    const { controls } = w.broker
    const end = controls.inject(API_KEY_OFFSET_COMMIT, { kind: 'error', errorCode: COORDINATOR_LOAD_IN_PROGRESS })
    await w.produce(topic, values(5, 10))
    // when the task is asked again the first commit of these has failed, and is not only being tried again
    await seen.until(() => asked.filter((offset) => offset === 10).length >= 2)
    assert.equal(await committed(w, name), 5)
    const warning = 'warn offsets are not committed: not within offset.flush.timeout.ms=500'
    assert.ok(log.lines.includes(warning), log.lines.join('\n'))
    end()
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, values(0, 10))
  })

  test('is nothing of a batch that put has not taken, as long as it does not', async () => {
    let refusing = true
    let most = 0
    const { w, topic, name, seen } = await sink({
      put: (records) => {
        if (refusing && records.some(({ offset }) => offset >= 5)) throw new RetriableError('not yet')
      },
      preCommit: (delivered) => {
        most = Math.max(most, ...delivered.map(({ offset }) => offset))
        return delivered
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 5))
    await untilCommitted(w, name, 5)
    await w.produce(topic, values(5, 10))
    await w.progress(name, (task) => task.waits_for === 'back-off')
    const asked = seen.calls.filter((call) => call === 'preCommit').length
    await seen.until(({ calls }) => calls.filter((call) => call === 'preCommit').length >= asked + 3)
    assert.equal(most, 5)
    refusing = false
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, values(0, 10))
  })

  test('is nothing beyond the place where the task wants to read again', async () => {
    let rewound = false
    const after: number[] = []
    const { w, topic, name, seen } = await sink({
      put: (records, context) => {
        if (rewound && after.length < 3) throw new RetriableError('not yet')
        const last = records.at(-1)
        if (rewound || last === undefined || last.offset < 9) return
        rewound = true
        context.seek([{ topic: last.originalTopic, partition: last.originalPartition, offset: 2 }])
      },
      preCommit: (delivered) => {
        if (rewound) after.push(...delivered.map(({ offset }) => offset))
        return delivered
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 18)
    assert.deepEqual(after.slice(0, 3), [2, 2, 2])
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, [...values(0, 10), ...values(2, 10)])
  })

  test('is nothing for partitions that were lost; what waited of them is read again, once', async () => {
    let refusing = true
    const worker = { 'offset.flush.interval.ms': '60000' }
    const { w, topic, name, seen } = await sink(
      {
        put: (records) => {
          if (refusing && records.some(({ offset }) => offset >= 5)) throw new RetriableError('not yet')
        },
      },
      { worker, props: { 'consumer.override.heartbeat.interval.ms': '100' } },
    )
    await using _ = w
    await w.produce(topic, values(0, 5))
    await seen.until((each) => each.values.length === 5)
    await w.produce(topic, values(5, 10))
    await w.progress(name, (task) => task.waits_for === 'back-off')
    const group = `connect-${name}`
    const { members } = await w.clients.admin().describeGroup(group)
    await w.clients.admin().removeMember(group, members[0]!.memberId, 'a test')
    await seen.until(({ calls }) => calls.filter((call) => call === 'open').length === 2)
    assert.deepEqual(
      seen.calls.filter((call) => call !== 'put'),
      ['start', 'open', 'close', 'open'],
    )
    refusing = false
    await seen.until((each) => each.values.includes('value-9'))
    await w.produce(topic, values(10, 11))
    await seen.until((each) => each.values.includes('value-10'))
    assert.deepEqual(seen.values, [...values(0, 5), ...values(0, 11)])
  })

  test('on a revoke comes after what was under way, and is what stays', async () => {
    const { w, topic, name, seen } = await sink({}, { props: { 'consumer.override.heartbeat.interval.ms': '100' } })
    await using _ = w
    if (w.broker === undefined) return // faults on demand need the embedded broker
    await w.produce(topic, values(0, 5))
    await untilCommitted(w, name, 5)
    const { controls } = w.broker
    const busy = { kind: 'error', errorCode: COORDINATOR_LOAD_IN_PROGRESS } as const
    const end = controls.inject(API_KEY_OFFSET_COMMIT, busy)
    const before = controls.requests(API_KEY_OFFSET_COMMIT)
    await w.produce(topic, values(5, 7))
    while (controls.requests(API_KEY_OFFSET_COMMIT) < before + 3) await new Promise((resolve) => setImmediate(resolve))
    await w.produce(topic, values(7, 10))
    await seen.until((each) => each.values.length === 10)
    const preCommits = seen.calls.filter((call) => call === 'preCommit').length
    const joins = controls.requests(API_KEY_JOIN_GROUP)
    await using other = w.clients.consumer({ 'group.id': `connect-${name}`, 'heartbeat.interval.ms': '100' })
    other.subscribe([topic], { assigned: async () => {}, revoked: async () => {}, lost: async () => {} })
    const joined = new AbortController()
    const polling = (async () => {
      while (!joined.signal.aborted) await other.poll({ signal: joined.signal, timeoutMs: 100 })
    })()
    // its second heartbeat after the other came tells the task, whose revoke then waits for the commit that Kafka refuses
    while (controls.requests(API_KEY_JOIN_GROUP) < joins + 2) await new Promise((resolve) => setImmediate(resolve))
    const beats = controls.requests(API_KEY_HEARTBEAT)
    while (controls.requests(API_KEY_HEARTBEAT) < beats + 3) await new Promise((resolve) => setImmediate(resolve))
    const refused = controls.requests(API_KEY_OFFSET_COMMIT)
    end()
    await seen.until(({ calls }) => calls.includes('close'))
    // that of before once more, and that of the revoke
    while (controls.requests(API_KEY_OFFSET_COMMIT) < refused + 2) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(seen.calls.filter((call) => call === 'preCommit').length, preCommits + 1)
    assert.equal(await committed(w, name), 10)
    joined.abort()
    await polling
  })

  test('waits until the letters of the batch are in the dead letter queue', async () => {
    const { preCommit, asked } = allOf()
    const dead = `dead-${Math.random().toString(36).slice(2)}`
    const { w, topic, name, seen } = await sink(
      { preCommit },
      {
        worker: { 'offset.flush.timeout.ms': '300' },
        props: {
          'value.converter': 'org.apache.kafka.connect.converters.IntegerConverter',
          'errors.tolerance': 'all',
          'errors.deadletterqueue.topic.name': dead,
          'errors.deadletterqueue.topic.replication.factor': '1',
        },
      },
    )
    await using _ = w
    if (w.broker === undefined) return // faults on demand need the embedded broker
    const refuse = { kind: 'error', errorCode: NOT_ENOUGH_REPLICAS } as const
    const end = w.broker.controls.inject(API_KEY_PRODUCE, refuse, { resource: { kind: 'topic', name: dead } })
    await w.produce(topic, ['\0\0\0\x01', 'none', '\0\0\0\x03', 'no number'])
    await seen.until(() => asked.filter((offset) => offset === 4).length >= 3)
    assert.equal(await committed(w, name), undefined)
    end()
    await untilCommitted(w, name, 4)
    assert.equal((await w.read(dead, 1)).length, 1)
    assert.deepEqual(seen.values, [1, 1852796517, 3])
  })

  test('on a stop is all that was delivered, before the partitions are closed', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    const { w, topic, name, seen } = await sink({}, { worker })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 10)
    await w.worker.stopTasks([{ connector: name, task: 0 }])
    assert.equal(await committed(w, name), 10)
    assert.deepEqual(
      seen.calls.filter((call) => call !== 'put'),
      ['start', 'open', 'preCommit', 'close', 'stop'],
    )
  })

  test('on a failure is what was delivered before it', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    const { w, topic, name, seen } = await sink(
      {
        put: (records) => {
          if (records.some(({ offset }) => offset === 5)) throw new TypeError('not this one')
        },
      },
      { worker, props: { 'consumer.override.max.poll.records': '1' } },
    )
    await using _ = w
    await w.produce(topic, values(0, 10))
    const trace = await w.state(`${name}-0`, 'FAILED')
    assert.match(
      trace ?? '',
      /Exiting WorkerSinkTask due to unrecoverable exception\.[^]*Caused by: TypeError: not this one/,
    )
    assert.equal(await committed(w, name), 5)
    assert.deepEqual(seen.calls.slice(-2), ['close', 'stop'])
  })
})
