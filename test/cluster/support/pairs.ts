import pg from 'pg'
import type { Lab } from './lab.ts'
import { cdcConfig, s3Config } from './lab.ts'
import { isRunning } from './rest.ts'
import type { CounterEvent, Counters } from './counters.ts'
import type { S3Lines } from './s3-lines.ts'
import { until } from './until.ts'

/** For each table a CDC connector `cdc-TABLE` and an S3 sink `s3-TABLE` of its topic. */
export class Pairs {
  readonly tables: readonly string[]
  readonly #lab: Lab
  readonly #s3: S3Lines
  readonly #folders: readonly string[]

  constructor(options: {
    readonly lab: Lab
    readonly s3: S3Lines
    readonly tables: readonly string[]
    /** The values that `topics.dir` of a sink has, one after the other. */
    readonly folders?: readonly string[]
  }) {
    this.#lab = options.lab
    this.#s3 = options.s3
    this.#folders = options.folders ?? ['topics']
    this.tables = options.tables
  }

  get connectors(): readonly string[] {
    return this.tables.flatMap((table) => [`cdc-${table}`, `s3-${table}`])
  }

  /** Resolves when all slots exist: every write from then on becomes an event, none is hidden in a snapshot. */
  async create(): Promise<void> {
    const { rest } = this.#lab
    await Promise.all(
      this.tables.flatMap((table) => [
        rest.put(`cdc-${table}`, cdcConfig(this.#lab, `cdc-${table}`, table)),
        rest.put(`s3-${table}`, s3Config(this.#lab, topicOf(table))),
      ]),
    )
    const client = new pg.Client({ connectionString: this.#lab.postgres.url })
    await client.connect()
    try {
      const ready = `SELECT slot_name FROM pg_replication_slots WHERE NOT temporary AND confirmed_flush_lsn IS NOT NULL`
      await until(async () => (await client.query(ready)).rows.length === this.tables.length, {
        timeoutMs: 60_000,
        describe: async () => `slots of all sources: ${JSON.stringify((await client.query(ready)).rows)}`,
      })
    } finally {
      await client.end()
    }
  }

  async allRunning(timeoutMs = 60_000): Promise<void> {
    const { rest } = this.#lab
    for (const name of this.connectors)
      await until(async () => isRunning(await rest.status(name)), {
        timeoutMs,
        describe: async () => `${name} RUNNING: ${JSON.stringify(await rest.status(name))}`,
      })
  }

  /**
   * Every table has rows in S3 and its source has stored an offset behind them. Before its first offset a source that is killed begins with a
   * new snapshot, which shows a row as it is then, not all that happened to it.
   */
  async allFlow(timeoutMs = 60_000): Promise<void> {
    const { rest } = this.#lab
    for (const table of this.tables)
      await until(
        async () => {
          const { body } = await rest.request('GET', `/connectors/cdc-${table}/offsets`)
          const { offsets = [] } = body as { offsets?: readonly unknown[] }
          return offsets.length > 0 && (await this.#s3.keys(`topics/${topicOf(table)}/`)).length > 0
        },
        {
          timeoutMs,
          everyMs: 250,
          describe: async () =>
            `${table} in S3: ${JSON.stringify([await rest.status(`cdc-${table}`), await rest.status(`s3-${table}`)])}`,
        },
      )
  }

  /** Resolves when every table got a write into S3 that was made after this call, with the milliseconds it took. */
  async allAdvance(counters: Counters, timeoutMs: number): Promise<number> {
    const { rest } = this.#lab
    const start = performance.now()
    const goals = await Promise.all(this.tables.map((table) => counters.total(table)))
    for (const [i, table] of this.tables.entries())
      await until(async () => writesIn(await this.events(table)) > goals[i]!, {
        timeoutMs: timeoutMs - (performance.now() - start),
        describe: async () =>
          `${table}: ${writesIn(await this.events(table))} of more than ${goals[i]} writes in S3, ` +
          JSON.stringify([await rest.status(`cdc-${table}`), await rest.status(`s3-${table}`)]),
      })
    return Math.round(performance.now() - start)
  }

  /** What S3 holds of a table, in the order of the topic. */
  async events(table: string): Promise<CounterEvent[]> {
    const events: CounterEvent[] = []
    for (const folder of this.#folders)
      for (const { text } of await this.#s3.lines(`${folder}/${topicOf(table)}/`))
        events.push((JSON.parse(text) as { after: CounterEvent }).after)
    return events
  }
}

/** The writes that the newest events of all keys stand for. */
function writesIn(events: readonly CounterEvent[]): number {
  const last = new Map<number, number>()
  for (const { id, n } of events) last.set(id, Math.max(n, last.get(id) ?? 0))
  return [...last.values()].reduce((sum, n) => sum + n, 0)
}

export function topicOf(table: string): string {
  return `cdc-${table}.public.${table}`
}
