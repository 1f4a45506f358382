import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain, schema } from '../../../runtime/api/index.ts'
import type { Props, SourceRecord } from '../../../runtime/api/index.ts'
import { SinkTaskHarness, SourceTaskHarness } from '../../../runtime/testing/index.ts'
import plugin from '../../connectors/index.ts'

/** What is written to standard output while `work` runs, parsed; times are left out. */
async function printed(work: () => Promise<unknown>): Promise<readonly unknown[]> {
  const text: string[] = []
  const { write } = process.stdout
  // the test runner's own reports go the same way
  process.stdout.write = (chunk: string | Uint8Array) =>
    typeof chunk === 'string' && chunk.startsWith('{') ? text.push(chunk) > 0 : write.call(process.stdout, chunk)
  try {
    await work()
  } finally {
    process.stdout.write = write
  }
  const lines = text.join('').trimEnd().split('\n')
  return lines.map((line) => {
    const { time_ms, ...rest } = JSON.parse(line) as Record<string, unknown>
    assert.ok(time_ms === undefined || typeof time_ms === 'number')
    return rest
  })
}

const start = (connector: string, props: Props) => SourceTaskHarness.start({ plugin, connector, props })
const essence = ({ topic, partition, key, value, sourcePartition, sourceOffset }: SourceRecord) => {
  const { time_ms, ...rest } = (typeof value === 'object' ? plain(value) : { value }) as Record<string, unknown>
  assert.equal(typeof time_ms, typeof value === 'object' && 'time_ms' in (value as object) ? 'bigint' : 'undefined')
  return { topic, partition, key, value: rest, sourcePartition, sourceOffset }
}

// What is expected was read from the classes of org.apache.kafka.connect.tools in connect-test-plugins 4.3.1.
describe("Kafka Connect's own test connectors", () => {
  const verifiable = { topic: 't', throughput: '-1' }

  test('VerifiableSource prints each number when it is made and when it is in Kafka', async () => {
    await using source = await start('VerifiableSourceConnector', verifiable)
    const common = { name: 'under-test', task: 0, topic: 't' }
    let records: readonly SourceRecord[] = []
    assert.deepEqual(await printed(async () => (records = await source.records(2))), [
      { ...common, seqno: 0 },
      { ...common, seqno: 1 },
    ])
    assert.deepEqual(records.map(essence), [
      { topic: 't', partition: undefined, key: 0, value: { value: 0n }, sourcePartition: { id: 0 }, sourceOffset: { seqno: 0 } },
      { topic: 't', partition: undefined, key: 0, value: { value: 1n }, sourcePartition: { id: 0 }, sourceOffset: { seqno: 1 } },
    ]) // prettier-ignore
    assert.deepEqual(await printed(() => source.commit()), [
      { ...common, seqno: 0, committed: true },
      { ...common, seqno: 1, committed: true },
    ])
    assert.deepEqual([records[0]!.keySchema, records[0]!.valueSchema], [schema.int32(), schema.int64()])
  })

  test('with complete.record.data what VerifiableSource prints is also the record', async () => {
    await using source = await start('VerifiableSourceConnector', { ...verifiable, 'complete.record.data': 'TRUE' })
    let records: readonly SourceRecord[] = []
    await printed(async () => (records = await source.records(1)))
    assert.deepEqual(essence(records[0]!).value, { name: 'under-test', task: 0, topic: 't', seqno: 0n })
  })

  test('VerifiableSink prints each record, and again when it is flushed', async () => {
    await using sink = await SinkTaskHarness.start({
      plugin,
      connector: 'VerifiableSinkConnector',
      props: { name: 'under-test' },
    })
    const seen = { name: 'under-test', sinkTask: 0, topic: 'topic', seqno: 7, task: 3, offset: 0 }
    assert.deepEqual(await printed(() => sink.put(sink.record({ key: 3, value: 7n }))), [{ ...seen, flushed: false }])
    assert.deepEqual(await printed(() => sink.commit()), [{ ...seen, flushed: true }])
  })

  test('SchemaSource alternates two versions of its schema and stops after num.messages', async () => {
    const props = {
      topic: 't',
      throughput: '-1',
      'num.messages': '3',
      'multiple.schema': 'true',
      'partition.count': '2',
    }
    await using source = await start('SchemaSourceConnector', props)
    let records: readonly SourceRecord[] = []
    assert.deepEqual(
      await printed(async () => (records = await source.records(3))),
      [0, 1, 2].map((seqno) => ({ task: 0, seqno })),
    )
    const fields = { boolean: true, int: 12, long: 12n, float: 12.2, double: 12.2, id: 0 }
    assert.deepEqual(records.map((record) => [record.partition, record.key, record.valueSchema?.version, record.value]), [
      [0, 'key', 1, { ...fields, partitioning: 0, seqno: 0n }],
      [1, 'key', 2, { ...fields, partitioning: 1, seqno: 1n, string: 'def' }],
      [0, 'key', 1, { ...fields, partitioning: 0, seqno: 2n }],
    ]) // prettier-ignore
    assert.deepEqual(await source.poll(20), [])
    await source.commit()
    await source.restart()
    let again: readonly SourceRecord[] = []
    await printed(async () => (again = await source.records(1)))
    assert.equal(again[0]!.valueSchema?.version, 1, 'it counts from its start')
    assert.equal(again[0]!.sourceOffset['seqno'], 3)
  })

  for (const [connector, props, message] of [
    ['VerifiableSourceConnector', { throughput: 'fast' }, 'Invalid VerifiableSourceTask configuration'],
    ['VerifiableSourceConnector', {}, 'Invalid VerifiableSourceTask configuration'],
    ['SchemaSourceConnector', { throughput: '1' }, 'Invalid SchemaSourceTask configuration'],
    ['SchemaSourceConnector', { throughput: '1', 'num.messages': '1e3' }, 'Invalid SchemaSourceTask configuration'],
    ['MockSourceConnector', { mock_mode: 'task-failure', delay_ms: 'soon' }, 'For input string: "soon" (delay_ms)'],
  ] as const)
    test(`${connector} refuses ${JSON.stringify(props)}`, async () => {
      await assert.rejects(start(connector, { topic: 't', ...props }), { message })
    })

  test('MockSource and MockSink fail when it is time', async () => {
    const props = { mock_mode: 'task-failure', delay_ms: '20' }
    await using source = await start('MockSourceConnector', props)
    await assert.rejects(source.records(1), /told to fail/)
    await using sink = await SinkTaskHarness.start({ plugin, connector: 'MockSinkConnector', props })
    assert.ok(sink.timeouts[0]! > 0 && sink.timeouts[0]! <= 20, 'put is called without records too')
    const failure = async (): Promise<void> => {
      for (;;) {
        await sink.put()
        await new Promise((resolve) => setTimeout(resolve, sink.timeouts.at(-1)))
      }
    }
    await assert.rejects(failure(), /told to fail/)
  })
})
