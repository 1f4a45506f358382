/**
 * A Kafka broker in this process: one node, the real protocol on a socket, logs in files. For laptops, demos and tests.
 * Served: handlers/handlers.ts. Not here: replication, access control, the newer group protocol (KIP-848), the newer transaction protocol (KIP-890).
 */
import fs from 'node:fs'
import path from 'node:path'

import type { Logger } from 'naru/api'

import { Controls } from './controls.ts'
import { Dispatcher } from './dispatcher.ts'
import { CommittedOffsets } from './groups/committed-offsets.ts'
import { GroupCoordinator } from './groups/group-coordinator.ts'
import { GroupMemory } from './groups/group-memory.ts'
import type { BrokerParts } from './handlers/handler.ts'
import { TailCache } from './log/tail-cache.ts'
import { WriteTurn } from './log/write-turn.ts'
import { Connection } from './network/connection.ts'
import type { Answer } from './network/connection.ts'
import { Listener } from './network/listener.ts'
import type { ListenerOptions } from './network/listener.ts'
import { SaslAuthority } from './security/sasl-mechanisms.ts'
import { SaslSession } from './security/sasl-session.ts'
import { TransactionCoordinator } from './transactions/transaction-coordinator.ts'
import { TransactionStore } from './transactions/transaction-store.ts'
import { BrokerSettings } from './store/broker-settings.ts'
import { lockFolder } from './store/folder-lock.ts'
import { MetadataFile } from './store/metadata-file.ts'
import { Topics } from './store/topics.ts'

export { Controls } from './controls.ts'
export type { Fault, InjectOptions, ResourceFilter } from './controls.ts'
export type { ListenerOptions, TlsOptions } from './network/listener.ts'
export type { SaslMechanism, SaslOptions } from './security/sasl-mechanisms.ts'

export interface EmbeddedKafkaOptions {
  /** Made when missing. One broker at a time. */
  readonly dataDir: string
  /** 0 or absent: any free port. */
  readonly port?: number
  /** Where to listen, and what clients are told; default 127.0.0.1. */
  readonly host?: string
  /** Further addresses, beside the plain one of `port`. */
  readonly listeners?: readonly ListenerOptions[]
  readonly logger?: Logger
  /** Broker properties under Kafka's names, such as `num.partitions`; see store/broker-settings.ts. */
  readonly defaults?: Readonly<Record<string, string | number | boolean>>
  /** Memory for the youngest records, in bytes; default 64 MiB. */
  readonly cacheBytes?: number
  /**
   * Whether members of groups outlive the broker, as in Kafka; default true. false where clients live and die with the broker: nobody then
   * waits after a kill for members that cannot come back.
   */
  readonly rememberMembers?: boolean
}

const NODE_ID = 1
const PLAIN_LISTENER = 'PLAINTEXT'
const DEFAULT_CACHE_BYTES = 64 << 20
/** How long a closing broker waits for clients to take their last answers. */
const LONGEST_GOODBYE_MS = 300

export class EmbeddedKafka implements AsyncDisposable {
  readonly port: number
  /** For `bootstrap.servers`. */
  readonly bootstrap: string
  readonly clusterId: string
  readonly controls: Controls
  readonly #listeners: readonly Listener[]
  readonly #parts: BrokerParts
  readonly #retention: NodeJS.Timeout
  #cleaning: NodeJS.Timeout | undefined
  readonly #connections = new Set<Connection>()
  readonly #unlock: () => void
  #closed: Promise<void> | undefined

  private constructor(options: EmbeddedKafkaOptions, listeners: readonly Listener[], unlock: () => void) {
    const logger = options.logger ?? SILENT
    this.#listeners = listeners
    this.port = listeners[0]!.port
    this.bootstrap = this.addresses[PLAIN_LISTENER]!
    this.controls = new Controls({ cutConnections: () => this.#connections.forEach((connection) => connection.cut()) })
    this.#parts = openParts(options, this.controls, logger)
    this.clusterId = this.#parts.metadata.clusterId
    this.#unlock = unlock
    this.#retention = this.#startRetention()
    this.#cleanLater()
    this.#accept(logger)
  }

  /** Resolves when clients may connect. Rejects with code EADDRINUSE when the port is taken. */
  static async start(options: EmbeddedKafkaOptions): Promise<EmbeddedKafka> {
    const { dataDir, port = 0, host = '127.0.0.1' } = options
    fs.mkdirSync(dataDir, { recursive: true })
    const unlock = lockFolder(dataDir)
    const listeners: Listener[] = []
    try {
      for (const listener of [{ name: PLAIN_LISTENER, port, host }, ...(options.listeners ?? [])]) {
        listeners.push(await Listener.open(listener, host))
      }
      return new EmbeddedKafka(options, listeners, unlock)
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()))
      unlock()
      throw error
    }
  }

  /** For `bootstrap.servers`, by the names of all listeners. */
  get addresses(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#listeners.map(({ name, host, port }) => [name, `${host}:${port}`]))
  }

  /** Answers what waits, ends the connections, leaves indexes beside the logs. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #accept(logger: Logger): void {
    const dispatcher = new Dispatcher({ parts: this.#parts, logger })
    const limitBytes = this.#parts.settings.number('socket.request.max.bytes')
    const handle = (frame: Buffer, from: Connection): Promise<Answer> => dispatcher.dispatch(frame, from)
    for (const listener of this.#listeners) {
      const authority = listener.sasl && new SaslAuthority(listener.sasl)
      listener.onConnection((socket) => {
        const sasl = authority && new SaslSession(authority)
        const connection = new Connection({ socket, listener, sasl, limitBytes, handle, logger })
        this.#connections.add(connection)
        socket.once('close', () => this.#connections.delete(connection))
      })
    }
  }

  #startRetention(): NodeJS.Timeout {
    const { settings, topics, transactions } = this.#parts
    const everyMs = settings.number('log.retention.check.interval.ms')
    const idsMs = settings.number('transactional.id.expiration.ms')
    return setInterval(() => {
      topics.applyRetention(Date.now())
      transactions.expire(Date.now() - idsMs)
    }, everyMs)
  }

  #cleanLater(): void {
    const { settings, topics } = this.#parts
    if (!settings.flag('log.cleaner.enable')) return
    const clean = async (): Promise<void> => {
      await topics.clean()
      if (this.#closed === undefined) this.#cleanLater()
    }
    this.#cleaning = setTimeout(() => void clean(), settings.number('log.cleaner.backoff.ms'))
  }

  async #shutDown(): Promise<void> {
    const { writes, groups, topics, transactions } = this.#parts
    clearInterval(this.#retention)
    clearTimeout(this.#cleaning)
    const listenersClosed = Promise.all(this.#listeners.map((listener) => listener.close()))
    for (const connection of this.#connections) connection.stopWaiting()
    writes.flush()
    // One turn of the event loop, for the answers to what was just written.
    await new Promise((resolve) => setImmediate(resolve))
    for (const connection of this.#connections) connection.end()
    const impatience = setTimeout(() => this.controls.cutConnections(), LONGEST_GOODBYE_MS)
    await listenersClosed
    clearTimeout(impatience)
    groups.close()
    transactions.close()
    topics.close()
    groups.offsets.close()
    this.#unlock()
  }
}

function openParts(
  { dataDir, defaults = {}, cacheBytes = DEFAULT_CACHE_BYTES, rememberMembers = true }: EmbeddedKafkaOptions,
  controls: Controls,
  logger: Logger,
): BrokerParts {
  const settings = new BrokerSettings(defaults, logger)
  const metadata = MetadataFile.open(dataDir)
  const topics = Topics.open({ dataDir, metadata, settings, tail: new TailCache(cacheBytes), logger })
  const offsets = CommittedOffsets.open(path.join(dataDir, 'offsets.journal'), logger)
  const memory = rememberMembers ? GroupMemory.open(path.join(dataDir, 'groups'), logger) : undefined
  const groups = new GroupCoordinator({ settings, offsets, memory })
  const writes = new WriteTurn()
  const store = TransactionStore.open(path.join(dataDir, 'transactions.journal'), logger)
  const newProducerId = () => metadata.newProducerId()
  const transactions = new TransactionCoordinator({ store, settings, topics, offsets, writes, newProducerId, logger })
  return { nodeId: NODE_ID, settings, metadata, topics, groups, transactions, writes, controls }
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT }
