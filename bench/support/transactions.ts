import { Kafka, logLevel } from 'kafkajs'
import type { Topic } from './topic.ts'
import { percentile } from './report.ts'
import type { Row } from './report.ts'

/** Milliseconds of small transactions, one after the other without a pause. */
export interface TransactionTimes {
  /** From begin to the acknowledgement of the record: what the transaction before still holds up shows here. */
  readonly firstRecord: number[]
  readonly commit: number[]
  readonly whole: number[]
}

export function timesRow(what: string, times: TransactionTimes): Row {
  const at = (values: readonly number[], p: number): number =>
    percentile(
      values.toSorted((a, b) => a - b),
      p,
    )
  return {
    what,
    'to first ack p50 ms': at(times.firstRecord, 50),
    'commit p50 ms': at(times.commit, 50),
    'whole p50 ms': at(times.whole, 50),
    'whole p99 ms': at(times.whole, 99),
  }
}

export async function ourTransactions(topic: Topic, count: number): Promise<TransactionTimes> {
  await using producer = topic.clients.transactionalProducer({ 'transactional.id': 'bench-ours', 'linger.ms': '0' })
  await producer.initTransactions()
  const times: TransactionTimes = { firstRecord: [], commit: [], whole: [] }
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    producer.begin()
    await new Promise<void>((delivered, failed) => {
      producer
        .send([{ topic: topic.name, partition: 0, key: null, value: Buffer.from(String(i)) }], {
          delivered: () => delivered(),
          failed: (_, error) => failed(error),
        })
        .catch(failed)
    })
    const acknowledged = performance.now()
    await producer.commit()
    note(times, began, acknowledged)
  }
  return times
}

export async function kafkajsTransactions(bootstrap: string, topic: Topic, count: number): Promise<TransactionTimes> {
  const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ transactionalId: 'bench-kafkajs', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const times: TransactionTimes = { firstRecord: [], commit: [], whole: [] }
  try {
    for (let i = 0; i < count; i++) {
      const began = performance.now()
      const transaction = await producer.transaction()
      await transaction.send({ topic: topic.name, messages: [{ partition: 0, value: String(i) }] })
      const acknowledged = performance.now()
      await transaction.commit()
      note(times, began, acknowledged)
    }
  } finally {
    await producer.disconnect()
  }
  return times
}

function note(times: TransactionTimes, began: number, acknowledged: number): void {
  const now = performance.now()
  times.firstRecord.push(acknowledged - began)
  times.commit.push(now - acknowledged)
  times.whole.push(now - began)
}
