import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** The address that a test listens on, as `host:port`. Threads and child processes inherit it; without it nothing is told. */
export const PROBES = 'NARU_TEST_PROBES'

/** Who tells: a connector, or one of its tasks. */
export interface Teller {
  readonly connector: string
  readonly task?: number
}

/** A record as a sink got it; key and value as text. */
export interface SeenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

export type Told =
  | { readonly type: 'start' | 'stop' }
  | { readonly type: 'records' | 'commits'; readonly count: number }
  | { readonly type: 'put'; readonly records: readonly SeenRecord[] }
  | { readonly type: 'open' | 'close' | 'pre-commit'; readonly partitions: readonly string[] }
  | { readonly type: 'blocked'; readonly at: string }

/** One line of JSON to the test. */
export type Message = Teller & Told
/** One line of JSON from the test: whoever of this connector (and task, if named) is blocked there goes on. */
export interface Release {
  readonly connector: string
  readonly at: string
}

const COUNTS_EVERY_MS = 10

/** The connector's end of its line to the test, from whatever thread or process it runs in. One socket per thread. */
export class Line {
  readonly #who: Teller
  readonly #counts = { records: 0, commits: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor(who: Teller) {
    this.#who = who
  }

  tell(event: Told): void {
    this.#flush()
    this.#send(event)
  }

  /** Told in sums: a fast source would drown the test otherwise. */
  count(what: 'records' | 'commits', more: number): void {
    if (more === 0) return
    this.#counts[what] += more
    this.#timer ??= setTimeout(() => this.#flush(), COUNTS_EVERY_MS)
  }

  /** Tells that it blocks, and does so until the test lets it go. */
  async blocked(at: string): Promise<void> {
    this.tell({ type: 'blocked', at })
    await new Promise<void>((resolve) => {
      const key = releaseKey(this.#who.connector, at)
      waiting.set(key, [...(waiting.get(key) ?? []), resolve])
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const type of ['records', 'commits'] as const) {
      const count = this.#counts[type]
      this.#counts[type] = 0
      if (count > 0) this.#send({ type, count })
    }
  }

  #send(event: Told): void {
    wire()?.write(`${JSON.stringify({ ...this.#who, ...event } satisfies Message)}\n`)
  }
}

const waiting = new Map<string, (() => void)[]>()
let socket: Socket | undefined

function wire(): Socket | undefined {
  const address = process.env[PROBES]
  if (address === undefined) return undefined
  if (socket !== undefined && !socket.destroyed) return socket
  const [host, port] = address.split(':')
  socket = connect({ host: host!, port: Number(port), noDelay: true })
  socket.unref()
  // The test may be over before its connectors are.
  socket.on('error', () => socket?.destroy())
  createInterface(socket).on('line', (line) => {
    const { connector, at } = JSON.parse(line) as Release
    const key = releaseKey(connector, at)
    const blocked = waiting.get(key) ?? []
    waiting.delete(key)
    for (const goOn of blocked) goOn()
  })
  return socket
}

function releaseKey(connector: string, at: string): string {
  return `${connector} ${at}`
}
