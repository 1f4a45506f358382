import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Logger, Plugin, Props } from '../../../runtime/api/index.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'
import { createLogger } from '../../../runtime/telemetry/logger.ts'
import { ClusterWorker } from './cluster-worker.ts'
import type { AskOptions, Reply } from './cluster-worker.ts'
import type { ConnectorHandle } from './handles.ts'
import { TestKafka } from './kafka.ts'
import type { BrokerProps } from './kafka.ts'
import { Probes } from './probes.ts'
import { until } from './until.ts'

export type { AskOptions, ClusterWorker, Reply } from './cluster-worker.ts'
export { TestKafka } from './kafka.ts'
export type { ConsumedRecord } from './kafka.ts'
export { until } from './until.ts'

/** The plugin with Kafka Connect's test connectors (test/connectors), for a `plugin.path`. */
export const TEST_CONNECTORS = join(import.meta.dirname, '..', '..', 'connectors')

export interface ClusterOptions {
  /** Default 1. */
  readonly workers?: number
  readonly workerProps?: Props
  /** Properties of the embedded broker, such as `auto.create.topics.enable`; with any, KAFKA_BOOTSTRAP is left alone. */
  readonly brokerProps?: BrokerProps
  /** An embedded broker of its own even if KAFKA_BOOTSTRAP is set: for tests that stop it. */
  readonly ownKafka?: boolean
  /** Beside the built-in ones and TEST_CONNECTORS: objects for workers in this process. Their connectors run on its main thread. */
  readonly plugins?: readonly Plugin[]
  /** Default: silent, or everything when NARU_TEST_LOG is set. */
  readonly logger?: Logger
}

export interface WorkerOptions {
  readonly props?: Props
  /** A `naru worker` process of its own, that `worker.kill()` can end. */
  readonly child?: boolean
}

export interface Status {
  readonly name: string
  readonly type: string
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string }
  readonly tasks: readonly {
    readonly id: number
    readonly state: string
    readonly worker_id: string
    readonly trace?: string
  }[]
}

/**
 * A Connect cluster for acceptance tests: a broker (embedded, or KAFKA_BOOTSTRAP), workers in one process or as children, connectors that tell what happens to
 * them, through whatever thread or process. One per file and `before`/`after` is quickest.
 *
 *     await using cluster = await startConnectCluster({ workers: 3, workerProps: { 'connect.protocol': 'compatible' } })
 *     const name = cluster.name('source')                                  // unique: real brokers are shared
 *     const topic = await cluster.createTopic('numbers', 3)                // unique, too
 *     await cluster.configure(name, { 'connector.class': 'MonitorableSourceConnector', 'tasks.max': '4', topic, throughput: '100' })
 *     await cluster.running(name, 4)                                       // connector and exactly so many tasks RUNNING
 *     const source = cluster.connector(name)                               // its handle, here or before it is made
 *     await source.awaitRecords(100)
 *     const before = source.counts
 *     await cluster.ask('POST', `/connectors/${name}/restart?includeTasks=true`)   // { status, headers, body }; of any worker: worker.ask
 *     await source.awaitStarts(1, before)
 *     await source.task(2).awaitCommits(50)
 *     await cluster.kafka.consume(topic, 100)                              // records as text, of all partitions
 *     const fourth = await cluster.addWorker({ child: true })              // and fourth.kill()
 *     await cluster.removeWorker(fourth)
 *     await until('…', async () => (await cluster.status(name)).tasks.length === 0)
 *     cluster.connector(other).release('Task::stop')                       // of BlockingConnector & co (test/connectors/blocking.ts)
 *     await using second = await TestKafka.start({ embedded: true })       // another broker
 *
 * Sinks: `handle.received` (records as text), `handle.task(0).calls` (open, close, pre-commit), `.assignment`.
 */
export async function startConnectCluster(options: ClusterOptions = {}): Promise<ConnectCluster> {
  return await ConnectCluster.start(options)
}

export class ConnectCluster implements AsyncDisposable {
  readonly kafka: TestKafka
  readonly workers: ClusterWorker[] = []
  readonly #probes: Probes
  readonly #options: ClusterOptions
  readonly #run = randomBytes(4).toString('hex')

  private constructor(kafka: TestKafka, probes: Probes, options: ClusterOptions) {
    this.kafka = kafka
    this.#probes = probes
    this.#options = options
  }

  static async start(options: ClusterOptions = {}): Promise<ConnectCluster> {
    const { brokerProps, ownKafka = brokerProps !== undefined } = options
    const kafka = await TestKafka.start({
      ...(brokerProps === undefined ? {} : { props: brokerProps }),
      embedded: ownKafka,
    })
    const cluster = new ConnectCluster(kafka, await Probes.open(), options)
    try {
      await Promise.all(Array.from({ length: options.workers ?? 1 }, () => cluster.addWorker()))
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  /** A name of this cluster alone. */
  name(of: string): string {
    return `${of}-${this.#run}`
  }

  /** The worker that requests go to: any answers. */
  get worker(): ClusterWorker {
    const first = this.workers[0]
    if (first === undefined) throw new Error('no worker runs')
    return first
  }

  /** What a worker of this cluster is started with. */
  props(more: Props = {}): Props {
    return {
      'bootstrap.servers': this.kafka.bootstrap,
      'group.id': this.name('connect'),
      'config.storage.topic': this.name('connect-configs'),
      'offset.storage.topic': this.name('connect-offsets'),
      'status.storage.topic': this.name('connect-status'),
      'config.storage.replication.factor': '1',
      'offset.storage.replication.factor': '1',
      'status.storage.replication.factor': '1',
      'offset.storage.partitions': '3',
      'status.storage.partitions': '1',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.flush.interval.ms': '200',
      'scheduled.rebalance.max.delay.ms': '0',
      'heartbeat.interval.ms': '300',
      'consumer.fetch.max.wait.ms': '100',
      'plugin.path': TEST_CONNECTORS,
      listeners: 'http://127.0.0.1:0',
      ...this.#options.workerProps,
      ...more,
    }
  }

  /** Resolves when its REST server answers; its group is joined a moment later. */
  async addWorker({ props = {}, child = false }: WorkerOptions = {}): Promise<ClusterWorker> {
    const { plugins = [], logger = testLogger() } = this.#options
    const all = this.props(props)
    const worker = child ? await ClusterWorker.child(all) : await ClusterWorker.inProcess(all, plugins, logger)
    this.workers.push(worker)
    return worker
  }

  /** Stops it gracefully; default: the one that came last. */
  async removeWorker(worker: ClusterWorker | undefined = this.workers.at(-1)): Promise<void> {
    if (worker === undefined) return
    this.forget(worker)
    await worker.stop()
  }

  /** It is no longer asked: after worker.kill(), say. */
  forget(worker: ClusterWorker): void {
    const at = this.workers.indexOf(worker)
    if (at >= 0) this.workers.splice(at, 1)
  }

  /** The handle of a connector, also before it is made. */
  connector(name: string): ConnectorHandle {
    return this.#probes.connector(name)
  }

  async ask<T = unknown>(method: string, path: string, body?: unknown, options: AskOptions = {}): Promise<Reply<T>> {
    return await this.worker.ask<T>(method, path, body, options)
  }

  /** PUT of a config; throws unless it was taken. */
  async configure(name: string, config: Props): Promise<void> {
    await this.#taken('PUT', `${pathOf(name)}/config`, config)
  }

  /** POST, possibly with an `initial_state`; throws unless it was taken. */
  async create(name: string, config: Props, initialState?: 'RUNNING' | 'PAUSED' | 'STOPPED'): Promise<void> {
    await this.#taken('POST', '/connectors', {
      name,
      config,
      ...(initialState === undefined ? {} : { initial_state: initialState }),
    })
  }

  async delete(name: string): Promise<void> {
    await this.#taken('DELETE', pathOf(name))
  }

  /** PUT of `pause`, `resume` or `stop`; throws unless it was taken. */
  async transition(name: string, to: 'pause' | 'resume' | 'stop'): Promise<void> {
    await this.#taken('PUT', `${pathOf(name)}/${to}`)
  }

  async status(name: string): Promise<Status> {
    const { body } = await this.ask<Status>('GET', `${pathOf(name)}/status`)
    return body
  }

  /** Until the connector and exactly `tasks` tasks are RUNNING. */
  async running(name: string, tasks: number): Promise<void> {
    await this.inState(name, 'RUNNING', tasks)
  }

  /** Until the connector is in `state` and exactly `tasks` tasks are in `taskState`. */
  async inState(name: string, state: string, tasks: number, taskState = state): Promise<void> {
    await until(`${name} is ${state} with ${tasks} tasks ${taskState}`, async () => {
      const { status, body } = await this.ask<Partial<Status>>('GET', `${pathOf(name)}/status`)
      const done =
        status === 200 &&
        body.connector?.state === state &&
        body.tasks?.length === tasks &&
        body.tasks.every((task) => task.state === taskState)
      return done || body
    })
  }

  /** Until its status is gone. */
  async gone(name: string): Promise<void> {
    await until(`${name} is gone`, async () => (await this.ask('GET', `${pathOf(name)}/status`)).status === 404)
  }

  /** A topic of this cluster alone; the name it has. */
  async createTopic(name: string, partitions = 1, settings: Props = {}): Promise<string> {
    await this.kafka.createTopic(this.name(name), partitions, settings)
    return this.name(name)
  }

  async #taken(method: string, path: string, body?: unknown): Promise<void> {
    const { status, body: answer } = await this.ask(method, path, body)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.stop()))
    await this.#probes[Symbol.asyncDispose]()
    await this.kafka[Symbol.asyncDispose]()
  }
}

function pathOf(connector: string): string {
  return `/connectors/${encodeURIComponent(connector)}`
}

function testLogger(): Logger {
  return process.env['NARU_TEST_LOG'] === undefined ? silentLogger : createLogger({ level: 'debug', format: 'pretty' })
}
