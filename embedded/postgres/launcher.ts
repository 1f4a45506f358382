import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chown, open, readFile, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findDataFolder, openDataFolder, removeDataFolder } from './data-folder.ts'
import { postgresInstallation } from './installation.ts'
import { OwnerFile } from './owner-file.ts'
import { stopWithParent } from './parent-guard.ts'
import { readPostmasterFile, stopOrphan } from './postmaster-file.ts'
import { postgresUser } from './postgres-user.ts'
import { PASSWORD, USER } from './template.ts'

export interface EmbeddedPostgresOptions {
  /** Made on first use. As root, data lies elsewhere when this folder is below a closed one: see `dataDir`. */
  readonly dataDir: string
  /** 0: any free port. */
  readonly port?: number
  /** Over the launcher's own (wal_level=logical, …). */
  readonly settings?: Readonly<Record<string, string>>
  /** Created when missing; the one that `url` names. */
  readonly database?: string
}

const SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_wal_senders: '20',
  max_replication_slots: '20',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 60_000

/** A real PostgreSQL server as a child process; it ends when this process ends, however that happens. */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly port: number
  readonly database: string
  /** Where the data really is. */
  readonly dataDir: string
  readonly #program: string
  readonly #settings: Readonly<Record<string, string>>
  readonly #owner: OwnerFile
  #server: ChildProcess | undefined
  #guard: ChildProcess | undefined

  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const installation = await postgresInstallation()
    const place = await realpath(await openDataFolder(options.dataDir, installation))
    const owner = new OwnerFile(place)
    await owner.take()
    await stopOrphan(place)
    const program = join(installation.bin, 'postgres')
    const anyPort = (options.port ?? 0) === 0
    for (let attempt = 1; ; attempt++) {
      const port = anyPort ? await freePort() : options.port!
      const postgres = new EmbeddedPostgres(options, { port, place, program, owner })
      try {
        await postgres.#start()
        await postgres.#createDatabase()
        return postgres
      } catch (error) {
        await postgres[Symbol.asyncDispose]()
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        if (!taken || !anyPort || attempt === 5) throw error // a free port can be taken by another process before we bind it
        await owner.take()
      }
    }
  }

  /** Removes a data folder, and the server that a killed process left running in it. */
  static async remove(dataDir: string): Promise<void> {
    const place = await findDataFolder(dataDir)
    if (place !== undefined) await stopOrphan(await realpath(place))
    await removeDataFolder(dataDir)
  }

  private constructor(
    options: EmbeddedPostgresOptions,
    parts: { readonly port: number; readonly place: string; readonly program: string; readonly owner: OwnerFile },
  ) {
    this.port = parts.port
    this.database = options.database ?? 'postgres'
    this.dataDir = parts.place
    this.#program = parts.program
    this.#owner = parts.owner
    this.#settings = { ...SETTINGS, ...options.settings, port: String(parts.port) }
  }

  get url(): string {
    return `postgres://${USER}:${PASSWORD}@${HOST}:${this.port}/${this.database}`
  }

  /** Of the postmaster; 0 while it is not running. */
  get pid(): number {
    return this.#running()?.pid ?? 0
  }

  /** SIGKILL, as a crash of the machine's memory: the next start replays the log. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Stops the server if it runs and starts it on the same port with the same data. */
  async restart(): Promise<void> {
    await this.#end('SIGINT')
    await this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGINT') // "fast" shutdown: ends sessions, writes a checkpoint
    await this.#owner.release()
  }

  async #start(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await this.#launch(deadline))) await delay(50)
  }

  /** False: the sessions of a killed server still hold its shared memory, which passes by itself. */
  async #launch(deadline: number): Promise<boolean> {
    const user = postgresUser()
    await using log = await open(join(this.dataDir, 'server.log'), 'a')
    if (user !== undefined) await chown(join(this.dataDir, 'server.log'), user.uid, user.gid)
    const logStart = (await log.stat()).size
    const flags = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(this.#program, ['-D', this.dataDir, ...flags], {
      stdio: ['ignore', log.fd, log.fd],
      cwd: this.dataDir,
      env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' },
      detached: true, // Ctrl-C in a terminal goes to the whole group; the database stops after those that use it
      ...user,
    })
    await once(server, 'spawn')
    this.#server = server
    this.#guard = stopWithParent(server.pid!, 'INT')
    server.once('exit', () => this.#guard?.kill())
    while (this.#running() !== undefined) {
      const file = await readPostmasterFile(this.dataDir)
      if (file?.pid === server.pid && file?.ready) return true
      if (Date.now() > deadline) throw new Error(`Postgres is not ready after ${START_TIMEOUT_MS} ms`)
      await delay(5)
    }
    const said = (await readFile(join(this.dataDir, 'server.log'))).subarray(logStart).toString('utf8')
    if (said.includes('shared memory block') && Date.now() < deadline) return false
    throw this.#startFailure(said)
  }

  #startFailure(said: string): Error {
    // The server only writes sentences; there is no code to decide by.
    if (said.includes('could not bind IPv4 address'))
      return Object.assign(new Error(`Postgres: port ${this.port} is in use`), { code: 'EADDRINUSE', port: this.port })
    return new Error(`Postgres did not start:\n${said.trim()}`)
  }

  async #createDatabase(): Promise<void> {
    if (this.database === 'postgres') return
    const client = new pg.Client({ connectionString: this.url.replace(/[^/]+$/, 'postgres') })
    await client.connect()
    try {
      const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [this.database])
      if (known.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(this.database)}`)
    } finally {
      await client.end()
    }
  }

  #running(): ChildProcess | undefined {
    const server = this.#server
    return server?.exitCode === null && server.signalCode === null ? server : undefined
  }

  async #end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const server = this.#running()
    if (server === undefined) return
    const exited = once(server, 'exit')
    server.kill(signal)
    // A session that does not end (it waits for a client that reads nothing) must not hold up the stop.
    const impatient = setTimeout(() => server.kill('SIGQUIT'), 10_000)
    await exited
    clearTimeout(impatient)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
