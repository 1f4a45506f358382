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

import { startKafka } from '../support/embedded-kafka.ts'

const LIBS = process.env['NARU_KAFKA_LIBS']
const PROGRAM = new URL('embedded-programs/TransactionProbe.java', import.meta.url).pathname

describe('transactions of Java clients on the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>

  before(async () => {
    assert.ok(LIBS, "NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    scope = await startKafka()
  })
  after(() => scope[Symbol.asyncDispose]())

  async function java(args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('java', ['-Xmx256m', '-cp', `${LIBS}/*`, ...args], {
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
})
