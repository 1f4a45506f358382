import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import type { FetchedRecord } from '../../runtime/kafka/fetcher.ts'
import { createLogger } from '../../runtime/telemetry/logger.ts'

/** A topic as a destination: how many records arrived, and what they are. */
export class Topic implements AsyncDisposable {
  readonly name: string
  readonly clients: KafkaClients
  readonly #partitions: number

  constructor(bootstrap: string, name: string, partitions = 1) {
    this.name = name
    this.#partitions = partitions
    this.clients = new KafkaClients({
      props: { 'bootstrap.servers': bootstrap, 'client.id': 'bench' },
      logger: createLogger({ level: 'warn' }),
    })
  }

  /** LogAppendTime: the broker's clock tells when the last record arrived. */
  async create(): Promise<void> {
    await this.clients.admin().createTopics([
      {
        name: this.name,
        partitions: this.#partitions,
        replicationFactor: 1,
        configs: { 'message.timestamp.type': 'LogAppendTime' },
      },
    ])
  }

  async count(): Promise<number> {
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => ({ topic: this.name, partition }))
    const ends = await this.clients.admin().listOffsets(partitions, 'latest')
    return ends.reduce((sum, { offset }) => sum + offset, 0)
  }

  async untilCount(goal: number, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    let count = 0
    while ((count = await this.count()) < goal) {
      if (Date.now() > deadline) throw new Error(`${this.name}: ${count} of ${goal} records after ${timeoutMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Calls `each` with every batch from the beginning until `goal` records are read. */
  async read(goal: number, each: (records: readonly FetchedRecord[]) => void): Promise<void> {
    await using fetcher = this.clients.fetcher()
    fetcher.assign(
      Array.from({ length: this.#partitions }, (_, partition) => ({
        topic: this.name,
        partition,
        offset: 'earliest' as const,
      })),
    )
    let read = 0
    while (read < goal) {
      const records = await fetcher.poll({ timeoutMs: 5_000 })
      if (records.length === 0) throw new Error(`${this.name}: ends after ${read} of ${goal} records`)
      each(records)
      read += records.length
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clients[Symbol.asyncDispose]()
  }
}

/** What arrived: distinct row ids, and the time (ms) of the last append. */
export async function verifyRows(
  topic: Topic,
  rows: number,
): Promise<{ readonly distinct: number; readonly bytes: number; readonly lastAppend: number }> {
  const ids = new Set<number>()
  let bytes = 0
  let lastAppend = 0
  await topic.read(await topic.count(), (records) => {
    for (const record of records) {
      if (record.value === null) continue
      bytes += record.value.length
      lastAppend = Math.max(lastAppend, record.timestamp)
      const id = /"id":(\d+)/.exec(record.key!.latin1Slice())
      if (id !== null) ids.add(Number(id[1]))
    }
  })
  if (ids.size !== rows) throw new Error(`${topic.name}: ${ids.size} distinct rows arrived instead of ${rows}`)
  return { distinct: ids.size, bytes, lastAppend }
}
