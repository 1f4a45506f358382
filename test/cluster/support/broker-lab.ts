import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '../../../runtime/kafka/admin.ts'
import { clientOptions } from '../../../runtime/kafka/client-options.ts'
import { Cluster } from '../../../runtime/kafka/cluster.ts'
import type { Coordinated } from '../../../runtime/kafka/cluster.ts'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'
import { RestWatch } from './rest-watch.ts'
import { SequenceFile } from './sequence-file.ts'
import { SequenceLab } from './sequence-lab.ts'
import { until } from './until.ts'

/** Connect's own: an election may take longer than the lab's short session, and then workers stop their work rightly. */
const OWN_SESSIONS = { 'session.timeout.ms': '10000', 'heartbeat.interval.ms': '3000' }

/** So many units after a failure say that a task goes on. */
const UNITS = 20

/**
 * Three brokers of Apache Kafka with a session of 3 s (broker.session.timeout.ms; 9 s by default): for so long Kafka itself does not know that
 * a killed broker is gone. Two workers, exactly-once sources into one topic, and a sink of it into a file. What flows is watched on both ways.
 */
export class BrokerLab implements AsyncDisposable {
  readonly lab: SequenceLab
  readonly file: SequenceFile
  /** From the moment on at which all flows: the statuses of connectors that were just made are not there yet. */
  rest!: RestWatch
  readonly #admin: Admin
  readonly #stack: AsyncDisposableStack
  #tasks: readonly [polls: number, timed: number]

  private constructor(
    parts: Pick<BrokerLab, 'lab' | 'file'>,
    admin: Admin,
    tasks: readonly [number, number],
    stack: AsyncDisposableStack,
  ) {
    this.lab = parts.lab
    this.file = parts.file
    this.#admin = admin
    this.#tasks = tasks
    this.#stack = stack
  }

  /** With so many tasks of the two sources, when records of each have come to the file. */
  static async start(tasks: readonly [polls: number, timed: number]): Promise<BrokerLab> {
    await using stack = new AsyncDisposableStack()
    const lab = stack.use(
      await SequenceLab.start({ workers: 2, exactlyOnce: true, kafka: 'apache', workerProps: OWN_SESSIONS }),
    )
    const path = join(lab.dir, 'sink.out')
    const file = stack.use(new SequenceFile(path))
    const props = { 'bootstrap.servers': lab.brokers.bootstrap, 'metadata.max.age.ms': '100' }
    const admin = stack.use(new KafkaClients({ props, logger: silentLogger })).admin()
    await lab.configure(tasks)
    await lab.put('out', {
      'connector.class': 'FileStreamSink',
      topics: lab.topic,
      file: path,
      'consumer.override.isolation.level': 'read_committed',
    })
    const made = new BrokerLab({ lab, file }, admin, tasks, stack.move())
    try {
      await made.flows()
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
    const paths = ['/connectors/polls/status', '/connectors/out/tasks', '/connectors']
    made.rest = made.#stack.use(new RestWatch(lab.rest.urls, paths))
    return made
  }

  /** Pauses and times before this moment are forgotten. */
  watch(): void {
    this.lab.reader.account.flow.watch()
    this.file.account.flow.watch()
    this.rest.watch()
  }

  /** The longest pauses of a task's records since `watch`, in milliseconds. */
  get pauses(): { readonly topic: number; readonly file: number } {
    const names = this.#names
    return {
      topic: this.lab.reader.account.flow.longestPauseMs(names),
      file: this.file.account.flow.longestPauseMs(names),
    }
  }

  /** SIGKILL of a node (counted from 1) until data flows again; it stays down. Answers the milliseconds until Kafka had other leaders for all it led. */
  async kill(node: number): Promise<number> {
    this.watch()
    const killedAt = performance.now()
    await this.lab.brokers.kill(node - 1)
    const elected = this.#elections(node, killedAt)
    await this.flows()
    return await elected
  }

  /** Resolves when the node is back and has all replicas in sync. */
  async restart(node: number): Promise<void> {
    await this.lab.brokers.start(node - 1)
    await this.inSync()
  }

  async configure(tasks: readonly [polls: number, timed: number]): Promise<void> {
    this.#tasks = tasks
    await this.lab.configure(tasks)
  }

  /** Resolves when new units of each task have come to the file. */
  async flows(): Promise<void> {
    const before = this.lab.reader.account.progress
    const behind = (): readonly string[] =>
      this.#names.filter((task) => (this.file.account.progress[task] ?? 0) < (before[task] ?? 0) + UNITS)
    await until(() => behind().length === 0, {
      timeoutMs: 90_000,
      everyMs: 50,
      describe: async () =>
        `${behind().join()} get on: ${JSON.stringify(await Promise.all(['polls', 'timed', 'out'].map((name) => this.lab.rest.status(name))))}`,
    })
  }

  async inSync(): Promise<void> {
    const describe = () => this.#admin.describeTopics(this.#topics)
    await until(
      async () => (await describe()).every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3)),
      { timeoutMs: 90_000, describe: async () => JSON.stringify(await describe()) },
    )
  }

  /** The node that leads partition 0 of a topic. */
  async leaderOf(topic: string): Promise<number> {
    const [described] = await this.#admin.describeTopics([topic])
    return described!.partitions[0]!.leader
  }

  async coordinatorOf(key: string, of: Coordinated): Promise<number> {
    await using cluster = new Cluster(clientOptions({ 'bootstrap.servers': this.lab.brokers.bootstrap }), silentLogger)
    return await cluster.coordinator(key, undefined, of)
  }

  /** `topic-partition` of all that matters here and is led by the node. */
  async ledBy(node: number): Promise<readonly string[]> {
    return (await this.#admin.describeTopics(this.#topics)).flatMap(({ name, partitions }) =>
      partitions.filter(({ leader }) => leader === node).map(({ partition }) => `${name}-${partition}`),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  /** Milliseconds since `since` until no partition is led by the node. */
  async #elections(node: number, since: number): Promise<number> {
    while ((await this.ledBy(node)).length > 0) await delay(50)
    return Math.round(performance.now() - since)
  }

  get #names(): readonly string[] {
    const [polls, timed] = this.#tasks
    const tasksOf = (name: string, count: number) => Array.from({ length: count }, (_, task) => `${name}-${task}`)
    return [...tasksOf('polls', polls), ...tasksOf('timed', timed)]
  }

  get #topics(): readonly string[] {
    const { topic } = this.lab
    const own = ['', '-configs', '-offsets', '-status'].map((suffix) => topic + suffix)
    return [...own, '__consumer_offsets', '__transaction_state']
  }
}
