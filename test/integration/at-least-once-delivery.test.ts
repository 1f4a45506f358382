import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AtLeastOnceDelivery } from '../../runtime/task/at-least-once-delivery.ts'
import { ErrorMetrics } from '../../runtime/task/error-metrics.ts'
import { ErrorTolerance } from '../../runtime/task/error-tolerance.ts'
import { OutgoingRecord } from '../../runtime/task/outgoing-record.ts'
import { SourceOffsets } from '../../runtime/task/source-offsets.ts'
import { SourceTaskMetrics } from '../../runtime/task/task-metrics.ts'
import { TaskProgress } from '../../runtime/task/task-progress.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

const PARTITION = { source: 'a' }
const never = new AbortController().signal

/** Delivers one batch with these source offsets, stops the task while it is polled again, and answers what was committed in the end. */
async function stoppedAfter(
  kafka: KafkaUnderTest,
  offsets: readonly number[],
  options: { readonly keepsUnitsWhole?: boolean; readonly saidAll?: boolean } = {},
): Promise<number | undefined> {
  const topic = await kafka.topic()
  await using producer = kafka.clients.producer({ 'linger.ms': '0' })
  let stored: number | undefined
  {
    await using delivery = new AtLeastOnceDelivery({
      producer,
      offsets: new SourceOffsets('source'),
      sink: (records) => {
        stored = (JSON.parse(String(records.at(-1)!.value)) as { at: number }).at
        return Promise.resolve()
      },
      tolerance: new ErrorTolerance({
        ...{ tolerance: 'none', retryTimeoutMs: 0, retryDelayMaxMs: 1, reporters: [], metrics: new ErrorMetrics() },
      }),
      metrics: new SourceTaskMetrics({ connector: 'source', task: '0' }, new ErrorMetrics()),
      progress: new TaskProgress(),
      logger: silentLogger,
      keepsUnitsWhole: options.keepsUnitsWhole ?? false,
      committed: () => Promise.resolve(),
      intervalMs: 3_600_000,
      timeoutMs: 30_000,
    })
    const records = offsets.map((at) => {
      const source = {
        topic,
        partition: undefined,
        timestamp: undefined,
        sourcePartition: PARTITION,
        sourceOffset: { at },
      }
      return new OutgoingRecord(source, null, Buffer.from(String(at)))
    })
    delivery.polling()
    delivery.polled(records.length, false)
    await delivery.send({ polled: [], records, submitted: records }, never)
    delivery.polling()
    delivery.polled(0, options.saidAll !== true)
  }
  return stored
}

describe('a source that is stopped while it hands out records, at least once', { timeout: 600_000 }, () => {
  const singles = Array.from({ length: 20 }, (_, n) => n + 1)

  test('keeps its last offset back while nobody knows whether more records belong to it', async () => {
    await using kafka = await KafkaUnderTest.start()
    assert.equal(await stoppedAfter(kafka, [1, 2, 2, 3]), 2, 'units of several records: 3 may be the first of two')
    assert.equal(await stoppedAfter(kafka, [...singles, 21, 21, 22]), 21)
    assert.equal(await stoppedAfter(kafka, [1, 2, 3]), 2, 'the first batch proves nothing')
    assert.equal(await stoppedAfter(kafka, [7]), undefined)
  })

  test('commits it when its records never shared an offset, or the source has said that there is no more', async () => {
    await using kafka = await KafkaUnderTest.start()
    assert.equal(await stoppedAfter(kafka, singles), 20)
    assert.equal(await stoppedAfter(kafka, [1, 2, 2, 3], { saidAll: true }), 3)
    assert.equal(await stoppedAfter(kafka, [1, 2, 2, 3], { keepsUnitsWhole: true }), 3)
  })
})
