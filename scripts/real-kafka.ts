import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { stopWithParent } from '../embedded/postgres/parent-guard.ts'
import { kafkaLibs, loggingFile, QUICK_JVM } from './kafka-libs.ts'

const CLUSTER_ID = 'TmFydVRlc3RzMDAwMDAwMQ'
const START_TIMEOUT_MS = 90_000
const ALONE = ['-Xms256m', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']
/** Brokers that are killed and started. */
const OF_SEVERAL = ['-Xms128m', '-Xmx512m', ...QUICK_JVM]

export interface RealKafkaOptions {
  readonly dataDir: string
  readonly nodes?: number
  /** Further listeners of each node, named as their protocol (SSL, SASL_PLAINTEXT, SASL_SSL), with the server properties they need. */
  readonly secure?: { readonly listeners: readonly string[]; readonly properties: Readonly<Record<string, string>> }
  /** Further arguments of `kafka-storage format`, as --add-scram. */
  readonly format?: readonly string[]
}

interface Node {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
  readonly securePorts: Readonly<Record<string, number>>
  readonly config: string
  readonly log: string
  process?: ChildProcess
}

/** Apache Kafka in KRaft mode, one to three nodes, each broker and controller, on free ports of 127.0.0.1. */
export class RealKafka implements AsyncDisposable {
  /** The folder with the jars: `java -cp LIBS/* …`. */
  readonly libs: string
  readonly #nodes: readonly Node[]
  readonly #options: RealKafkaOptions

  /** Data of a former run in `dataDir` is not reused: ports differ. */
  static async start(options: RealKafkaOptions): Promise<RealKafka> {
    const libs = await kafkaLibs()
    const count = options.nodes ?? 1
    const listeners = options.secure?.listeners ?? []
    const perNode = 2 + listeners.length
    const ports = await freePorts(perNode * count)
    const nodes = Array.from({ length: count }, (_, i): Node => {
      const folder = join(options.dataDir, `node-${i + 1}`)
      return {
        id: i + 1,
        port: ports[perNode * i]!,
        controllerPort: ports[perNode * i + 1]!,
        securePorts: Object.fromEntries(listeners.map((name, k) => [name, ports[perNode * i + 2 + k]!])),
        config: join(folder, 'server.properties'),
        log: join(folder, 'server.log'),
      }
    })
    const kafka = new RealKafka(libs, nodes, options)
    try {
      await Promise.all(nodes.map((node) => kafka.#format(node, join(options.dataDir, `node-${node.id}`))))
      await Promise.all(nodes.map((node) => kafka.startNode(node.id)))
    } catch (error) {
      await kafka[Symbol.asyncDispose]()
      throw error
    }
    return kafka
  }

  private constructor(libs: string, nodes: readonly Node[], options: RealKafkaOptions) {
    this.#options = options
    this.libs = libs
    this.#nodes = nodes
  }

  get bootstrap(): string {
    return this.#nodes.map((node) => `127.0.0.1:${node.port}`).join(',')
  }

  /** Bootstrap servers of a listener of `secure`. */
  secure(listener: string): string {
    return this.#nodes.map((node) => `localhost:${node.securePorts[listener]}`).join(',')
  }

  /** SIGKILL; resolves when the process is gone. Nodes count from 1. */
  async killNode(n: number): Promise<void> {
    await this.#end(n, 'SIGKILL')
  }

  /** SIGTERM: the node hands its leaderships over before it ends. */
  async stopNode(n: number): Promise<void> {
    await this.#end(n, 'SIGTERM')
  }

  async #end(n: number, signal: NodeJS.Signals): Promise<void> {
    const process = this.#node(n).process
    if (process === undefined || !isRunning(process)) return
    const exited = once(process, 'exit')
    process.kill(signal)
    await exited
  }

  /** Same port, same data; resolves when the node accepts connections. */
  async startNode(n: number): Promise<void> {
    const node = this.#node(n)
    await using log = await open(node.log, 'a')
    const child = spawn(
      'java',
      [
        ...(this.#nodes.length > 1 ? OF_SEVERAL : ALONE),
        ...['-Djava.awt.headless=true', `-Dlog4j2.configurationFile=${loggingFile(this.libs)}`],
        ...['-cp', join(this.libs, '*'), 'kafka.Kafka', node.config],
      ],
      { stdio: ['ignore', log.fd, log.fd], detached: true },
    )
    await once(child, 'spawn')
    node.process = child
    const guard = stopWithParent(child.pid!, 'KILL')
    child.once('exit', () => guard.kill())
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await accepts(node.port))) {
      if (!isRunning(child) || Date.now() > deadline)
        throw new Error(`Kafka node ${n} did not start:\n${(await readFile(node.log, 'utf8')).slice(-4000)}`)
      await delay(50)
    }
  }

  /** The data is scratch, so there is nothing to save by a slow shutdown. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.killNode(node.id)))
  }

  async #format(node: Node, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true })
    await writeFile(node.config, this.#properties(node, join(folder, 'data')))
    const alone = this.#nodes.length === 1 ? ['--standalone'] : []
    const args = ['format', ...alone, '-t', CLUSTER_ID, '-c', node.config, ...(this.#options.format ?? [])]
    const java = [...QUICK_JVM, `-Dlog4j2.configurationFile=${loggingFile(this.libs)}`, '-cp', join(this.libs, '*')]
    await promisify(execFile)('java', [...java, 'kafka.tools.StorageTool', ...args])
  }

  /** The short session lets a killed node register again at once. */
  #properties(node: Node, data: string): string {
    const copies = Math.min(this.#nodes.length, 3)
    const inSync = copies > 1 ? 2 : 1
    const quorum =
      this.#nodes.length === 1
        ? `controller.quorum.bootstrap.servers=127.0.0.1:${node.controllerPort}`
        : `controller.quorum.voters=${this.#nodes.map((each) => `${each.id}@127.0.0.1:${each.controllerPort}`).join(',')}`
    const secure = Object.entries(node.securePorts)
    const more = Object.entries(this.#options.secure?.properties ?? {}).map(([key, value]) => `${key}=${value}\n`)
    return `process.roles=broker,controller
node.id=${node.id}
listeners=PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}${secure.map(([name, port]) => `,${name}://127.0.0.1:${port}`).join('')}
advertised.listeners=PLAINTEXT://127.0.0.1:${node.port}${secure.map(([name, port]) => `,${name}://localhost:${port}`).join('')}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${secure.map(([name]) => `,${name}:${name}`).join('')}
${quorum}
log.dirs=${data}
num.partitions=1
default.replication.factor=${copies}
min.insync.replicas=${inSync}
offsets.topic.replication.factor=${copies}
offsets.topic.num.partitions=10
transaction.state.log.replication.factor=${copies}
transaction.state.log.min.isr=${inSync}
transaction.state.log.num.partitions=10
share.coordinator.state.topic.replication.factor=${copies}
share.coordinator.state.topic.min.isr=${inSync}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
log.cleaner.dedupe.buffer.size=33554432
${more.join('')}`
  }

  #node(n: number): Node {
    const node = this.#nodes[n - 1]
    if (node === undefined) throw new RangeError(`there is no node ${n}: nodes count from 1 to ${this.#nodes.length}`)
    return node
  }
}

function isRunning(process: ChildProcess): boolean {
  return process.exitCode === null && process.signalCode === null
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // not listening yet
  } finally {
    socket.destroy()
  }
}

/** All are held at the same time, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return ports
}
