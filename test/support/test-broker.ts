import { EmbeddedKafka } from '@naru/embedded/kafka'
import type { Controls } from '@naru/embedded/kafka'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An embedded broker that can be away for a while: it comes back with its port and its data. */
export class TestBroker implements AsyncDisposable {
  readonly bootstrap: string
  readonly #folder: string
  #kafka: EmbeddedKafka | undefined

  private constructor(folder: string, kafka: EmbeddedKafka) {
    this.#folder = folder
    this.#kafka = kafka
    this.bootstrap = kafka.bootstrap
  }

  static async start(): Promise<TestBroker> {
    const folder = await mkdtemp(join(tmpdir(), 'naru-task-'))
    return new TestBroker(folder, await EmbeddedKafka.start({ dataDir: folder }))
  }

  get controls(): Controls {
    if (this.#kafka === undefined) throw new Error('the broker is stopped')
    return this.#kafka.controls
  }

  async stop(): Promise<void> {
    await this.#kafka?.[Symbol.asyncDispose]()
    this.#kafka = undefined
  }

  async restart(): Promise<void> {
    const port = Number(this.bootstrap.split(':')[1])
    this.#kafka = await EmbeddedKafka.start({ dataDir: this.#folder, port })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
