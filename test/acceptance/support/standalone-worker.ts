import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Props } from '../../../runtime/api/index.ts'
import type { ConnectorFile, RunningWorker } from '../../../runtime/index.ts'
import { startStandalone } from '../../../runtime/index.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'
import { TEST_CONNECTORS } from './connect-cluster.ts'
import type { ConnectorHandle } from './handles.ts'
import { TestKafka } from './kafka.ts'
import { Probes } from './probes.ts'

/** A standalone worker on a Kafka for tests; its folder (offsets, files) stays over a restart. */
export class StandaloneWorker implements AsyncDisposable {
  readonly kafka: TestKafka
  readonly folder: string
  readonly #probes: Probes
  #worker: RunningWorker | undefined

  private constructor(kafka: TestKafka, folder: string, probes: Probes) {
    this.kafka = kafka
    this.folder = folder
    this.#probes = probes
  }

  /** Started, not necessarily ready: its REST server answers. */
  static async start(connectors: readonly ConnectorFile[] = [], props: Props = {}): Promise<StandaloneWorker> {
    const lab = await StandaloneWorker.lab()
    await lab.start(connectors, props)
    return lab
  }

  /** Everything but the worker. */
  static async lab(): Promise<StandaloneWorker> {
    const folder = await mkdtemp(join(tmpdir(), 'naru-standalone-'))
    return new StandaloneWorker(await TestKafka.start(), folder, await Probes.open())
  }

  get offsetFile(): string {
    return join(this.folder, 'connect.offsets')
  }

  props(more: Props = {}): Props {
    return {
      'bootstrap.servers': this.kafka.bootstrap,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': this.offsetFile,
      'offset.flush.interval.ms': '200',
      'plugin.path': TEST_CONNECTORS,
      listeners: 'http://127.0.0.1:0',
      ...more,
    }
  }

  async start(connectors: readonly ConnectorFile[] = [], props: Props = {}): Promise<void> {
    this.#worker = await startStandalone({ props: this.props(props), connectors, logger: silentLogger })
  }

  get worker(): RunningWorker {
    if (this.#worker === undefined) throw new Error('the worker does not run')
    return this.#worker
  }

  connector(name: string): ConnectorHandle {
    return this.#probes.connector(name)
  }

  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(this.worker.restUrl + path, { method, ...init })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
  }

  async stop(): Promise<void> {
    await this.#worker?.[Symbol.asyncDispose]()
    this.#worker = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#probes[Symbol.asyncDispose]()
    await this.kafka[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}
