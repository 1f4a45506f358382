/**
 * The command line tools of Apache Kafka on the embedded broker. Needs Java and Kafka's jars, in the folder named by
 * NARU_KAFKA_LIBS: part of the suite against real Kafka, which sets it.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

import { APIS } from 'naru/protocol'

import { QUICK_JVM } from '../../../scripts/kafka-libs.ts'
import { startKafka } from '../support/embedded-kafka.ts'
import { KafkaWire } from '../support/kafka-wire.ts'

const LIBS = process.env['NARU_KAFKA_LIBS']

describe('Java clients of Apache Kafka on the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  let log4j: string

  before(async () => {
    assert.ok(LIBS, "NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    scope = await startKafka()
    log4j = path.join(scope.dataDir, 'log4j2.properties')
    fs.writeFileSync(
      log4j,
      [
        'appender.err.type = Console',
        'appender.err.name = ERR',
        'appender.err.target = SYSTEM_ERR',
        'appender.err.layout.type = PatternLayout',
        'appender.err.layout.pattern = %p %c %m%n',
        'rootLogger.level = WARN',
        'rootLogger.appenderRef.err.ref = ERR',
      ].join('\n'),
    )
  })
  after(() => scope[Symbol.asyncDispose]())

  /** Runs one tool to its end; answers what it printed. A warning or error in its log fails the test. */
  async function tool(className: string, args: readonly string[], input = ''): Promise<string> {
    const jvm = ['-Xmx256m', ...QUICK_JVM, '-cp', `${LIBS}/*`, `-Dlog4j2.configurationFile=${log4j}`]
    const bootstrap = ['--bootstrap-server', scope.kafka.bootstrap]
    const child = spawn('java', [...jvm, `org.apache.kafka.tools.${className}`, ...bootstrap, ...args])
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.stdin.end(input)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    assert.equal(code, 0, `${className}: ${out}${err}`)
    assert.doesNotMatch(err, /^(WARN|ERROR|FATAL)/m)
    return out
  }

  it('the topic tool creates, describes, grows and deletes', async () => {
    await tool('TopicCommand', ['--create', '--topic', 'made', '--partitions', '2', '--config', 'retention.ms=5000'])
    await tool('TopicCommand', ['--alter', '--topic', 'made', '--partitions', '3'])
    const described = await tool('TopicCommand', ['--describe', '--topic', 'made'])
    assert.match(described, /PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=5000/)
    await tool('TopicCommand', ['--delete', '--topic', 'made'])
    assert.doesNotMatch(await tool('TopicCommand', ['--list']), /made/)
  })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    it(`the console producer and consumer with compression ${compression}`, async () => {
      const topic = `console-${compression}`
      await using wire = await KafkaWire.connect(scope.kafka.port)
      const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`)
      await wire.send(APIS.CreateTopics, 7, {
        topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      })
      // Its own 1.5 s for a request are too few for a busy machine.
      const produce = ['--topic', topic, '--compression-codec', compression, '--request-timeout-ms', '30000']
      await tool('ConsoleProducer', produce, lines.join('\n'))
      const read = ['--topic', topic, '--from-beginning', '--max-messages', '2000', '--group', `readers-${compression}`]
      const out = await tool('consumer.ConsoleConsumer', [...read, '--timeout-ms', '30000'])
      assert.deepEqual(out.trim().split('\n').sort(), [...lines].sort())
    })
  }

  it('the group tool lists, describes, resets and deletes', async () => {
    const groups = (args: readonly string[]) => tool('consumer.group.ConsumerGroupCommand', args)
    const group = ['--group', 'readers-none']
    assert.match(await groups(['--list']), /readers-none/)
    assert.match(await groups(['--describe', ...group]), /console-none\s+0\s+2000\s+2000\s+0/)
    const reset = await groups([
      '--reset-offsets',
      '--to-offset',
      '5',
      '--execute',
      '--topic',
      'console-none',
      ...group,
    ])
    assert.match(reset, /console-none\s+0\s+5/)
    await groups(['--delete', ...group])
    assert.doesNotMatch(await groups(['--list']), /readers-none/)
  })

  it('static members come back without a rebalance, and fence their former selves', async () => {
    const program = new URL('embedded-programs/StaticMemberProbe.java', import.meta.url).pathname
    const assignors = ['RangeAssignor', 'CooperativeStickyAssignor'].map(
      (name) => `org.apache.kafka.clients.consumer.${name}`,
    )
    const { stdout } = await promisify(execFile)('java', [
      ...['-Xmx256m', ...QUICK_JVM, '-cp', `${LIBS}/*`, program, scope.kafka.bootstrap],
      ...assignors,
    ])
    assert.match(stdout, /^DONE$/m)
  })
})
