import { join } from 'node:path'
import type { Logger, Plugin, Props } from '../../runtime/api/index.ts'
import { WorkerConfig } from '../../runtime/config/worker-config.ts'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { PluginRegistry } from '../../runtime/plugins/plugin-registry.ts'
import { OffsetBackingStore } from '../../runtime/storage/offset-backing-store.ts'
import { TopicLog } from '../../runtime/storage/topic-log.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'
import { createLogger } from '../../runtime/telemetry/logger.ts'
import { Metrics } from '../../runtime/telemetry/metrics.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import type { InstanceState, TaskProgress } from '../../runtime/worker/worker.ts'
import type { WorkerOptions } from '../../runtime/worker/worker-options.ts'
import { TestBroker } from './test-broker.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const PROBE_PLUGIN = join(import.meta.dirname, 'probe-plugin')

interface StateEvent {
  readonly name: string
  readonly state: InstanceState
  readonly trace: string | undefined
}

/** A Worker with the probe plugin, on a broker of its own or the one of KAFKA_BOOTSTRAP. States can be awaited. */
export class WorkerUnderTest implements AsyncDisposable {
  readonly bootstrap: string
  /** undefined when KAFKA_BOOTSTRAP is set: faults on demand need the embedded one. */
  readonly broker: TestBroker | undefined
  readonly run: string
  readonly clients: KafkaClients
  readonly worker: Worker
  readonly metrics: Metrics
  readonly offsets: OffsetBackingStore
  readonly states: StateEvent[]
  readonly topicsUsed: Set<string>
  /** Connectors whose task configs are to be asked for again, in order. */
  readonly reconfigurations: string[]
  readonly #waiting: Set<() => void>
  readonly #stack: AsyncDisposableStack

  private constructor(parts: {
    bootstrap: string
    broker: TestBroker | undefined
    run: string
    clients: KafkaClients
    worker: Worker
    metrics: Metrics
    offsets: OffsetBackingStore
    states: StateEvent[]
    topicsUsed: Set<string>
    reconfigurations: string[]
    waiting: Set<() => void>
    stack: AsyncDisposableStack
  }) {
    this.bootstrap = parts.bootstrap
    this.broker = parts.broker
    this.run = parts.run
    this.clients = parts.clients
    this.worker = parts.worker
    this.metrics = parts.metrics
    this.offsets = parts.offsets
    this.states = parts.states
    this.topicsUsed = parts.topicsUsed
    this.reconfigurations = parts.reconfigurations
    this.#waiting = parts.waiting
    this.#stack = parts.stack
  }

  /** Plugins given as objects run in the test's own thread. */
  static async start(
    props: Props = {},
    extraPlugins: readonly Plugin[] = [],
    { logger = testLogger(), ...group }: Partial<Pick<WorkerOptions, 'stillOurs' | 'sourceStarts' | 'logger'>> = {},
  ): Promise<WorkerUnderTest> {
    await using stack = new AsyncDisposableStack()
    const given = process.env['KAFKA_BOOTSTRAP']
    const broker = given === undefined ? stack.use(await TestBroker.start()) : undefined
    const bootstrap = given ?? broker!.bootstrap
    const run = `t${Math.random().toString(36).slice(2, 10)}`
    const config = WorkerConfig.parse({
      'bootstrap.servers': bootstrap,
      'group.id': run,
      'config.storage.topic': `${run}-configs`,
      'offset.storage.topic': `${run}-offsets`,
      'status.storage.topic': `${run}-status`,
      'offset.storage.replication.factor': '1',
      'key.converter': STRING,
      'value.converter': STRING,
      'plugin.path': PROBE_PLUGIN,
      'offset.flush.interval.ms': '200',
      'consumer.fetch.max.wait.ms': '50',
      ...props,
    })
    const clients = stack.use(new KafkaClients({ props: { 'bootstrap.servers': bootstrap }, logger: silentLogger }))
    const offsets = stack.use(
      await OffsetBackingStore.open({
        open: (reader) =>
          TopicLog.open(
            {
              topic: `${run}-offsets`,
              clients,
              partitions: 1,
              replicationFactor: 1,
              property: 'offset.storage.topic',
              purpose: 'source offsets',
              logger: silentLogger,
            },
            reader,
          ),
      }),
    )
    const states: StateEvent[] = []
    const waiting = new Set<() => void>()
    const topicsUsed = new Set<string>()
    const reconfigurations: string[] = []
    const told = (name: string, state: InstanceState, trace: string | undefined): void => {
      states.push({ name, state, trace })
      for (const look of waiting) look()
    }
    const metrics = new Metrics()
    const worker = stack.use(
      new Worker({
        config,
        plugins: await PluginRegistry.load({
          pluginPath: config.common['plugin.path'] ?? [],
          logger,
          extra: extraPlugins,
        }),
        extraPlugins,
        logger,
        metrics,
        ...group,
        readOffsets: (connector, partitions) => offsets.read(connector, partitions),
        events: {
          connectorState: (name, state, _generation, trace) => told(name, state, trace),
          taskState: (id, state, _generation, trace) => told(`${id.connector}-${id.task}`, state, trace),
          reconfigurationRequested: (connector) => void reconfigurations.push(connector),
          topicUsed: (_id, topic) => void topicsUsed.add(topic),
        },
      }),
    )
    return new WorkerUnderTest({
      ...{ bootstrap, broker, run, clients, worker, metrics, offsets, states, topicsUsed, reconfigurations, waiting },
      stack: stack.move(),
    })
  }

  /** A topic name that no other test uses. */
  topic(name: string): string {
    return `${this.run}-${name}`
  }

  async createTopic(name: string, partitions = 1): Promise<string> {
    await this.clients.admin().createTopic({ name: this.topic(name), partitions, replicationFactor: 1 })
    return this.topic(name)
  }

  async startTask(connector: string, props: Props, task = 0, target: 'STARTED' | 'PAUSED' = 'STARTED'): Promise<void> {
    const all = { name: connector, ...props }
    await this.worker.startTask({
      id: { connector, task },
      connectorProps: all,
      taskProps: all,
      target,
      generation: 1,
    })
  }

  /** Resolves with the trace when the instance tells this state, now or later. */
  state(name: string, state: InstanceState): Promise<string | undefined> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.states.findLast((event) => event.name === name)
        if (found?.state !== state) return
        this.#waiting.delete(look)
        resolve(found.trace)
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** Resolves with the progress of the connector's first task once `condition` holds; rejects after a minute with what it saw last. */
  async progress(connector: string, condition: (task: TaskProgress) => boolean): Promise<TaskProgress> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const [task] = await this.worker.progress(connector)
      if (task !== undefined && condition(task)) return task
      if (Date.now() > deadline) throw new Error(`${connector}: last seen: ${JSON.stringify(task)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** The first `count` records of a topic's partition 0. */
  async read(
    topic: string,
    count: number,
  ): Promise<readonly { readonly value: string; readonly headers: ReadonlyMap<string, string | null> }[]> {
    await using fetcher = this.clients.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
    const found: { value: string; headers: Map<string, string | null> }[] = []
    while (found.length < count) {
      for (const { value, headers } of await fetcher.poll({ timeoutMs: 500 })) {
        found.push({
          value: value?.toString() ?? 'null',
          headers: new Map(
            headers.map((each) => [each.key, each.value === null ? null : Buffer.from(each.value).toString()]),
          ),
        })
      }
    }
    return found
  }

  async produce(topic: string, values: readonly string[]): Promise<void> {
    const producer = this.clients.producer()
    await producer.sendAndWait(values.map((value) => ({ topic, partition: 0, key: null, value: Buffer.from(value) })))
    await producer[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function testLogger(): Logger {
  return process.env['NARU_TEST_LOG'] === undefined ? silentLogger : createLogger({ level: 'debug' })
}
