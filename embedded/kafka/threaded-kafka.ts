/** The broker in a thread of its own, so that neither it nor its file calls disturb the event loop of who started it. */
import { Worker } from 'node:worker_threads'

import type { EmbeddedKafkaOptions } from './broker.ts'
import type { Fault, InjectOptions } from './controls.ts'

export type BrokerThreadData = Omit<EmbeddedKafkaOptions, 'logger'>

/** What goes into the thread. */
export type BrokerCommand =
  | { readonly kind: 'inject'; readonly apiKey: number; readonly fault: Fault; readonly options?: InjectOptions }
  | { readonly kind: 'stopServing' | 'serve'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'clear' | 'cutConnections' | 'close' }

/** What comes out of it. */
export type BrokerEvent =
  | {
      readonly kind: 'started'
      readonly port: number
      readonly bootstrap: string
      readonly clusterId: string
      readonly addresses: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
      readonly fields: Record<string, string> | undefined
    }

type Started = Extract<BrokerEvent, { kind: 'started' }>

export class ThreadedKafka implements AsyncDisposable {
  readonly port: number
  /** For `bootstrap.servers`. */
  readonly bootstrap: string
  readonly clusterId: string
  /** For `bootstrap.servers`, by the names of all listeners. */
  readonly addresses: Readonly<Record<string, string>>
  /** Resolves when the thread has ended, rejects when it died of an error. */
  readonly closed: Promise<void>
  readonly #worker: Worker

  private constructor(worker: Worker, started: Started, closed: Promise<void>) {
    this.#worker = worker
    this.port = started.port
    this.bootstrap = started.bootstrap
    this.clusterId = started.clusterId
    this.addresses = started.addresses
    this.closed = closed
  }

  /** As EmbeddedKafka.start(): resolves when clients may connect, rejects with EADDRINUSE when the port is taken. */
  static async start({ logger, ...data }: EmbeddedKafkaOptions): Promise<ThreadedKafka> {
    const worker = new Worker(new URL('./broker-thread.ts', import.meta.url), {
      workerData: data satisfies BrokerThreadData,
      name: 'embedded-kafka',
    })
    const closed = new Promise<void>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', () => resolve())
    })
    const started = new Promise<Started>((resolve) => {
      worker.on('message', (event: BrokerEvent) => {
        if (event.kind === 'started') resolve(event)
        else logger?.[event.level](event.message, event.fields)
      })
    })
    const ended = closed.then(() => {
      throw new Error('the broker thread ended before it served')
    })
    const first = await Promise.race([started, ended])
    ended.catch(() => undefined) // from here on `closed` tells how the thread ended
    return new ThreadedKafka(worker, first, closed)
  }

  /** See Controls; takes effect a moment later. */
  command(command: Exclude<BrokerCommand, { kind: 'close' }>): void {
    this.#worker.postMessage(command)
  }

  async close(): Promise<void> {
    this.#worker.postMessage({ kind: 'close' } satisfies BrokerCommand)
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
