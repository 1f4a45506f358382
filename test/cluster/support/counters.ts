import pg from 'pg'
import type { Random } from './random.ts'

/**
 * A workload whose every event can be checked afterwards: each table holds counters, each write adds one to a counter, so the
 * events of one key must count 1, 2, 3, … and the table itself says how far.
 */
export class Counters implements AsyncDisposable {
  readonly tables: readonly string[]
  readonly #url: () => string
  readonly #random: Random
  readonly #keys: number
  #client: pg.Client | undefined
  #running: Promise<void> | undefined
  #stop = new AbortController()
  /** Committed writes as far as this process knows. */
  written = 0

  constructor(options: { url: () => string; tables: readonly string[]; random: Random; keys?: number }) {
    this.#url = options.url
    this.tables = options.tables
    this.#random = options.random
    this.#keys = options.keys ?? 50
  }

  async createTables(): Promise<void> {
    const client = await this.#connect()
    for (const table of this.tables)
      await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, n int NOT NULL, note text)`)
  }

  /** One round: one write to a random key of every table. */
  async write(): Promise<void> {
    const client = await this.#connect()
    for (const table of this.tables) {
      await client.query(
        `INSERT INTO ${table} VALUES ($1, 1, $2) ON CONFLICT (id) DO UPDATE SET n = ${table}.n + 1, note = $2`,
        [this.#random.int(this.#keys), 'x'.repeat(this.#random.int(100))],
      )
      this.written++
    }
  }

  /** Writes at about `perSecond` rounds until stopped, and rides over a database that comes and goes. */
  start(perSecond: number): void {
    this.#stop = new AbortController()
    const signal = this.#stop.signal
    this.#running = (async () => {
      while (!signal.aborted) {
        try {
          await this.write()
        } catch (error) {
          if (!isConnectionError(error)) throw error
          await this.#disconnect()
        }
        await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond))
      }
    })()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#running = undefined
  }

  /** The truth: the last value of every counter of a table. */
  async truth(table: string): Promise<Map<number, number>> {
    const client = await this.#connect()
    const { rows } = await client.query<{ id: number; n: number }>(`SELECT id, n FROM ${table}`)
    return new Map(rows.map((row) => [row.id, row.n]))
  }

  /** All writes to a table that are committed now. Uses a connection of its own, since the writer may be in a transaction. */
  async total(table: string): Promise<number> {
    const client = new pg.Client({ connectionString: this.#url() })
    await client.connect()
    try {
      const { rows } = await client.query<{ total: string }>(`SELECT coalesce(sum(n), 0) AS total FROM ${table}`)
      return Number(rows[0]!.total)
    } finally {
      await client.end()
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client
    const client = new pg.Client({ connectionString: this.#url(), connectionTimeoutMillis: 5_000 })
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined
    })
    await client.connect()
    this.#client = client
    return client
  }

  async #disconnect(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running?.catch(() => undefined)
    await this.#disconnect()
  }
}

function isConnectionError(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? ''
  // 57P0x: shutting down or starting up; 08xxx: connection lost; E…: socket errors. pg has no code for "Connection terminated".
  return code.startsWith('57P') || code.startsWith('08') || code.startsWith('E') || code === ''
}

export interface CounterEvent {
  readonly id: number
  readonly n: number
}

/**
 * Compares the events of one table, in the order read, with the truth. `lost`: counts never seen. `disordered`: a new count that
 * is not the successor of the greatest seen of its key. `repeated`: counts seen again (allowed at least once).
 */
export function compareCounters(
  events: readonly CounterEvent[],
  truth: ReadonlyMap<number, number>,
): { lost: string[]; disordered: string[]; repeated: number } {
  const seen = new Map<number, number>()
  const disordered: string[] = []
  let repeated = 0
  for (const { id, n } of events) {
    const last = seen.get(id) ?? 0
    if (n === last + 1) seen.set(id, n)
    else if (n <= last) repeated++
    else {
      disordered.push(`key ${id}: ${n} after ${last}`)
      seen.set(id, n)
    }
  }
  const lost: string[] = []
  for (const [id, n] of truth) if ((seen.get(id) ?? 0) < n) lost.push(`key ${id}: ${seen.get(id) ?? 0} of ${n}`)
  return { lost, disordered, repeated }
}
