import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'
import { SequenceAccount } from './sequence-account.ts'

/** Reads the records of sequence sources as long as it lives, committed ones only, and keeps account of them. */
export class SequenceReader implements AsyncDisposable {
  readonly #clients: KafkaClients
  readonly #closing = new AbortController()
  readonly account = new SequenceAccount()
  #reading: Promise<void> | undefined

  constructor(bootstrap: string) {
    this.#clients = new KafkaClients({
      props: { 'bootstrap.servers': bootstrap, 'isolation.level': 'read_committed', 'fetch.max.wait.ms': '100' },
      logger: silentLogger,
    })
  }

  start(topic: string, partitions: number): void {
    this.#reading = this.#read(topic, partitions)
  }

  async #read(topic: string, partitions: number): Promise<void> {
    const { signal } = this.#closing
    await using fetcher = this.#clients.fetcher()
    fetcher.assign(
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 'earliest' as const })),
    )
    while (!signal.aborted)
      for (const { partition, value } of await fetcher.poll({ signal, timeoutMs: 500 }))
        if (value !== null) this.account.take(Buffer.from(value).toString(), partition)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reading
    await this.#clients[Symbol.asyncDispose]()
  }
}
