import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgres } from '@naru/embedded/postgres'
import type { Logger, Props, SourceOffset, SourceRecord } from 'naru/api'
import pg from 'pg'
import { PostgresSourceTask } from '../../connectors/postgres/postgres-source-task.ts'
import { JsonConverter } from '../../runtime/converters/json-converter.ts'

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
}

/** An embedded Postgres of its own, and a connection to write with. */
export class PostgresUnderTest implements AsyncDisposable {
  readonly server: EmbeddedPostgres
  readonly #dataDir: string
  #client: pg.Client

  private constructor(server: EmbeddedPostgres, dataDir: string, client: pg.Client) {
    this.server = server
    this.#dataDir = dataDir
    this.#client = client
  }

  static async start(settings: Record<string, string> = {}): Promise<PostgresUnderTest> {
    const dataDir = await mkdtemp(join(tmpdir(), 'naru-postgres-source-'))
    const server = await EmbeddedPostgres.start({ dataDir, settings })
    return new PostgresUnderTest(server, dataDir, await connected(server.url))
  }

  async sql(text: string, params: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const result = params.length === 0 ? await this.#client.query(text) : await this.#client.query(text, [...params])
    return result.rows as Record<string, unknown>[]
  }

  /** Rows in COPY's text format: many of them in one WAL record. */
  async copyIn(table: string, lines: string): Promise<void> {
    const rows = lines
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
    await this.#client.query(
      `COPY ${table} FROM PROGRAM 'printf "${rows.map((row) => row.join('\\t')).join('\\n')}\\n"'`,
    )
  }

  /** After the server was restarted. */
  async reconnect(): Promise<void> {
    await this.#client.end().catch(() => undefined)
    this.#client = await connected(this.server.url)
  }

  /** Configuration of a source on this server. */
  props(overrides: Readonly<Record<string, string | undefined>> = {}): Props {
    const url = new URL(this.server.url)
    const all: Record<string, string | undefined> = {
      'database.hostname': url.hostname,
      'database.port': url.port,
      'database.user': decodeURIComponent(url.username),
      'database.password': decodeURIComponent(url.password),
      'database.dbname': url.pathname.slice(1),
      'database.sslmode': 'disable',
      'topic.prefix': 'srv',
      'plugin.name': 'pgoutput',
      ...overrides,
    }
    return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => undefined)
    await this.server[Symbol.asyncDispose]()
    await rm(this.#dataDir, { recursive: true, force: true })
  }
}

/**
 * Resolves when a stream reads the slot: what is written from then on will be streamed. The session that creates a slot holds it too for a moment,
 * before it copies the tables: it is no stream yet.
 */
export async function slotActive(db: PostgresUnderTest, slot: string): Promise<void> {
  for (;;) {
    const rows = await db.sql(
      `SELECT 1 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid
       WHERE s.slot_name = $1 AND r.state IN ('catchup', 'streaming')`,
      [slot],
    )
    if (rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** One event as JSON converters write it, without schemas. */
export interface Seen {
  readonly topic: string
  readonly key: Record<string, unknown> | null
  readonly value: Envelope | null
  readonly record: SourceRecord
}

export interface Envelope {
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
  readonly source: Record<string, unknown>
  readonly op: string
  readonly [field: string]: unknown
}

const WAIT_MS = 30_000

/** Drives a task as a runtime does: start with stored offsets, poll, commit. */
export class SourceDriver implements AsyncDisposable {
  readonly task: PostgresSourceTask
  readonly #converter = new JsonConverter()
  readonly batches: (readonly SourceRecord[])[] = []
  #pending: SourceRecord[] = []

  private constructor(task: PostgresSourceTask) {
    this.task = task
    this.#converter.configure({ 'schemas.enable': 'false' })
  }

  static async start(
    props: Props,
    options: { stored?: SourceOffset | undefined; logger?: Logger } = {},
  ): Promise<SourceDriver> {
    const task = new PostgresSourceTask()
    await task.start(props, {
      connector: 'c',
      task: 0,
      logger: options.logger ?? SILENT,
      configs: async () => props,
      offsets: { offsets: async (partitions) => partitions.map(() => options.stored) },
    })
    return new SourceDriver(task)
  }

  /** The next `count` records. */
  async records(count: number): Promise<readonly SourceRecord[]> {
    const signal = AbortSignal.timeout(WAIT_MS)
    while (this.#pending.length < count) {
      const batch = await this.task.poll(signal)
      if (signal.aborted) throw new Error(`only ${this.#pending.length} of ${count} records came`)
      this.batches.push(batch)
      this.#pending.push(...batch)
    }
    return this.#pending.splice(0, count)
  }

  async events(count: number): Promise<readonly Seen[]> {
    return (await this.records(count)).map((record) => this.seen(record))
  }

  seen(record: SourceRecord): Seen {
    const json = (schema: SourceRecord['keySchema'], value: unknown) => {
      const bytes = this.#converter.fromConnectData(record.topic, schema, value)
      return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString('utf8')) as never)
    }
    return {
      topic: record.topic,
      key: json(record.keySchema, record.key),
      value: json(record.valueSchema, record.value),
      record,
    }
  }

  /** What has arrived after `ms` without more. */
  async quiet(ms: number): Promise<readonly SourceRecord[]> {
    const signal = AbortSignal.timeout(ms)
    while (!signal.aborted) this.#pending.push(...(await this.task.poll(signal)))
    return this.#pending.splice(0)
  }

  async commit(record: SourceRecord): Promise<void> {
    await this.task.commit([{ partition: record.sourcePartition, offset: record.sourceOffset }])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.task.stop()
  }
}
