/**
 * Transactions on the embedded broker, by the producers, consumers and tools of Apache Kafka. Needs Java with its compiler and Kafka's
 * jars, in the folder named by NARU_KAFKA_LIBS: part of the suite against real Kafka, which sets it.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

import { EmbeddedKafka } from '@naru/embedded/kafka'
import { APIS } from 'naru/protocol'

import { QUICK_JVM } from '../../../scripts/kafka-libs.ts'
import { startKafka } from '../support/embedded-kafka.ts'
import { readTopic, TransactionSteps } from '../support/kafka-transactions.ts'
import { KafkaWire } from '../support/kafka-wire.ts'

const LIBS = process.env['NARU_KAFKA_LIBS']
const PROGRAM = new URL('embedded-programs/TransactionProbe.java', import.meta.url).pathname
const TOOL = new URL('embedded-programs/TransactionsTool.java', import.meta.url).pathname

describe('transactions of Java clients on the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>

  before(async () => {
    assert.ok(LIBS, "NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    scope = await startKafka()
  })
  after(() => scope[Symbol.asyncDispose]())

  async function java(args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('java', ['-Xmx256m', ...QUICK_JVM, '-cp', `${LIBS}/*`, ...args], {
      maxBuffer: 1 << 26,
    })
    return stdout
  }

  it('commit, abort, fence, carry offsets and time out', async (t) => {
    const out = await java([PROGRAM, scope.kafka.bootstrap])
    assert.match(out, /^DONE$/m)
    for (const [line] of out.matchAll(/^.*ms per transaction$/gm)) t.diagnostic(line)
  })

  it('the performance tool writes in transactions, the console reads what is committed', async () => {
    const records = '2000'
    const produced = await java([
      ...['org.apache.kafka.tools.ProducerPerformance', '--topic', 'txn', '--num-records', records],
      ...[
        '--record-size',
        '100',
        '--throughput',
        '-1',
        '--transactional-id',
        'perf',
        '--transaction-duration-ms',
        '50',
      ],
      ...['--bootstrap-server', scope.kafka.bootstrap],
    ])
    assert.match(produced, /2000 records sent/)
    const read = await java([
      ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', scope.kafka.bootstrap],
      ...['--topic', 'txn', '--from-beginning', '--isolation-level', 'read_committed', '--timeout-ms', '60000'],
      ...['--max-messages', String(Number(records) + 5)],
    ])
    const lines = read.trim().split('\n')
    assert.equal(lines.length, Number(records) + 5)
    assert.ok(!lines.includes('never') && lines.includes('e'))
  })

  it('the transactions tool lists and describes them, and finds none that hangs', async () => {
    const tool = async (...args: readonly string[]) =>
      await java(['org.apache.kafka.tools.TransactionsCommand', '--bootstrap-server', scope.kafka.bootstrap, ...args])
    const listed = /^perf\s+\S+\s+(\d+)\s+CompleteCommit\s*$/m.exec(await tool('list'))
    assert.ok(listed)
    const described = await tool('describe', '--transactional-id', 'perf')
    assert.match(described, new RegExp(`\\b${listed[1]}\\b.*\\bCompleteCommit\\b`))
    const producers = await tool('describe-producers', '--topic', 'txn', '--partition', '0')
    assert.match(producers, new RegExp(`^${listed[1]}\\s.*\\bNone\\s*$`, 'm'))
    const hanging = await tool('find-hanging', '--broker-id', '1', '--max-transaction-timeout', '1')
    assert.doesNotMatch(hanging, /^txn\b/m)
  })

  it('the log dump tool understands the markers', async () => {
    const folder = path.join(scope.dataDir, 'logs', 'txn-0')
    const file = fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .sort()[0]!
    const out = await java([
      ...['org.apache.kafka.tools.DumpLogSegments', '--deep-iteration', '--files', path.join(folder, file)],
    ])
    assert.match(out, /isTransactional: true isControl: true/)
    assert.match(out, /endTxnMarker: COMMIT coordinatorEpoch: 0/)
    assert.match(out, /endTxnMarker: ABORT coordinatorEpoch: 0/)
    assert.doesNotMatch(out, /isvalid: false/)
  })

  it('the transactions tool finds and aborts what hangs, and ends what is open', async () => {
    const dataDir = path.join(scope.dataDir, 'hanging')
    const opened = async (wire: KafkaWire, topic: string, numPartitions: number) => {
      await wire.send(APIS.CreateTopics, 7, {
        topics: [{ name: topic, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      })
      const txn = new TransactionSteps(wire, `of-${topic}`)
      const me = await txn.init()
      for (let partition = 0; partition < numPartitions; partition++) {
        await txn.add(me, topic, [partition])
        assert.equal(await txn.on(wire).produce(me, topic, ['a', 'b'], { partition }), 0)
      }
      return { txn, me }
    }
    const former = await EmbeddedKafka.start({ dataDir })
    let hanging
    {
      await using wire = await KafkaWire.connect(former.port)
      hanging = (await opened(wire, 'hanging', 2)).me
    }
    await former.close()
    // No coordinator knows of it any more: it stays open for ever.
    fs.rmSync(path.join(dataDir, 'transactions.journal'))

    await using kafka = await EmbeddedKafka.start({ dataDir })
    await using wire = await KafkaWire.connect(kafka.port)
    const { txn, me } = await opened(wire, 'open', 1)
    assert.equal((await readTopic(wire, 'hanging', true)).lastStableOffset, 0)
    const { producerId, producerEpoch } = hanging
    const find = ['find-hanging', '--broker-id', '1', '--max-transaction-timeout', '0']
    const out = await java([
      ...[TOOL, kafka.bootstrap, ...find],
      ...['--next', 'abort', '--topic', 'hanging', '--partition', '0', '--start-offset', '0'],
      ...['--next', 'abort', '--topic', 'hanging', '--partition', '1'],
      ...['--producer-id', `${producerId}`, '--producer-epoch', `${producerEpoch}`, '--coordinator-epoch', '0'],
      ...['--next', ...find],
      ...['--next', 'forceTerminateTransaction', '--transactionalId', 'of-open'],
    ])
    const [, found, , , foundThen] = out.split(/^> /m)
    for (const partition of [0, 1]) {
      assert.match(found!, new RegExp(`^hanging\\s+${partition}\\s+${producerId}\\s+${producerEpoch}\\s`, 'm'), out)
    }
    assert.doesNotMatch(foundThen!, /^hanging/m)
    assert.doesNotMatch(found!, /^open/m, 'its coordinator knows it')
    for (const partition of [0, 1]) {
      const { lastStableOffset, abortedTransactions } = await readTopic(wire, 'hanging', true, partition)
      assert.deepEqual([lastStableOffset, abortedTransactions], [3, [{ producerId, firstOffset: 0 }]])
    }
    assert.equal((await readTopic(wire, 'open', true)).abortedTransactions.length, 1)
    assert.notEqual(await txn.end(me, true), 0, 'fenced')
  })
})
