import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Props } from '../../../../runtime/api/index.ts'
import { startConnectCluster, until } from '../../../acceptance/support/connect-cluster.ts'
import type { ClusterWorker, ConnectCluster, Status } from '../../../acceptance/support/connect-cluster.ts'
import { askConnect } from './ask-connect.ts'
import type { Answer } from './ask-connect.ts'
import { JavaWorker } from './java-distributed.ts'

/** A worker of Kafka Connect 4.3.1 and one of Naru in one group, with Java's file connectors there and ours here under the same names. */
export class MixedGroup implements AsyncDisposable {
  readonly folder: string
  readonly cluster: ConnectCluster
  readonly java: JavaWorker
  naru: ClusterWorker
  /** Log lines of the Java worker about tasks that were restarted by hand. */
  readonly restarts: string[] = []
  readonly #restarted = new Set<string>()
  readonly #stack: AsyncDisposableStack
  readonly #child: boolean

  private constructor(
    parts: Pick<MixedGroup, 'folder' | 'cluster' | 'java' | 'naru'>,
    child: boolean,
    stack: AsyncDisposableStack,
  ) {
    this.folder = parts.folder
    this.cluster = parts.cluster
    this.java = parts.java
    this.naru = parts.naru
    this.#child = child
    this.#stack = stack
  }

  /** The Java worker comes first, so it leads. `child`: Naru's worker is a process that can be killed. */
  static async start(options: { readonly props?: Props; readonly child?: boolean } = {}): Promise<MixedGroup> {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'naru-mixed-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const workerProps = { 'session.timeout.ms': '6000', ...options.props }
    const child = options.child === true
    const cluster = stack.use(await startConnectCluster({ workers: 0, workerProps }))
    const { 'plugin.path': _, listeners: __, ...props } = cluster.props()
    const java = stack.use(await JavaWorker.start({ folder, props }))
    const naru = await cluster.addWorker({ child })
    return new MixedGroup({ folder, cluster, java, naru }, child, stack.move())
  }

  /** Naru's worker again, after it was killed or stopped; `changes` of its properties are for this time only. */
  async startNaru(changes: Props = {}): Promise<void> {
    this.cluster.forget(this.naru)
    this.naru = await this.cluster.addWorker({ child: this.#child, props: changes })
  }

  ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return askConnect(url, method, path, body)
  }

  /** Resolves when the connector and so many tasks run, say both workers or those named. */
  async running(name: string, tasks: number, says = [this.java.url, this.naru.url]): Promise<Status> {
    let found: Status | undefined
    for (const url of says)
      await until(`${name} runs, says ${url}`, async () => {
        const { status, body } = await this.ask(url, 'GET', `/connectors/${name}/status`)
        found = body as Status
        const done =
          status === 200 &&
          found.connector.state === 'RUNNING' &&
          found.tasks.length === tasks &&
          found.tasks.every(({ state }) => state === 'RUNNING')
        return done || body
      })
    return found!
  }

  /** Resolves when each worker has a task of these connectors, which have one each. */
  async share(names: readonly string[]): Promise<void> {
    await until('each worker has a task', async () => {
      const owners: string[] = []
      for (const name of names) owners.push((await this.running(name, 1)).tasks[0]!.worker_id)
      return new Set(owners).size === 2 || owners
    })
  }

  /**
   * Resolves when the tasks run on this worker. The producers of a Java worker, with transactions of version 2, now and then take the commit of a task
   * that has just been taken over for a fatal error, INVALID_TXN_STATE (as in KAFKA-20785, not mended in 4.3.1), and a Java worker leaves the task
   * FAILED: then it is restarted here, once, as a person would, and `restarts` has what the worker logged.
   */
  async runningOn(worker: { readonly url: string; readonly workerId: string }, name: string): Promise<void> {
    await until(`${name} runs on ${worker.workerId}`, async () => {
      const { status, body } = await this.ask(worker.url, 'GET', `/connectors/${name}/status`)
      if (status !== 200) return body
      const { tasks } = body as Status
      for (const { id, trace } of tasks) {
        const task = `${name}-${id}`
        if (worker !== this.java || trace?.includes('InvalidTxnStateException') !== true) continue
        if (this.#restarted.has(task)) continue
        this.#restarted.add(task)
        this.restarts.push(...this.java.output.split('\n').filter((each) => each.includes(task)))
        await this.ask(worker.url, 'POST', `/connectors/${name}/tasks/${id}/restart`)
      }
      return tasks.every((task) => task.state === 'RUNNING' && task.worker_id === worker.workerId) || tasks
    })
  }

  async leads(): Promise<'java' | 'naru' | undefined> {
    const text = await (await fetch(`${this.naru.url}/metrics`)).text()
    const value = /^kafka_connect_connect_worker_rebalance_metrics_leader(?:\{\})? (\d)$/m.exec(text)?.[1]
    return value === undefined ? undefined : value === '1' ? 'naru' : 'java'
  }

  /** A file source of the lines of `write`, into the topic of `values`. */
  source(name: string): Props {
    return {
      'connector.class': 'FileStreamSource',
      'tasks.max': '1',
      file: this.fileOf(name),
      topic: this.cluster.name(name),
    }
  }

  fileOf(name: string): string {
    return join(this.folder, `${name}.in`)
  }

  async createFile(name: string): Promise<void> {
    await writeFile(this.fileOf(name), '')
  }

  async write(name: string, ...lines: readonly string[]): Promise<void> {
    await appendFile(this.fileOf(name), lines.map((line) => `${line}\n`).join(''))
  }

  async values(name: string, count: number, props: Props = {}): Promise<readonly (string | null)[]> {
    return (await this.cluster.kafka.consume(this.cluster.name(name), count, { props })).map(({ value }) => value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
