import { EmbeddedPostgres } from '@naru/embedded/postgres'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { until } from '../cluster/support/until.ts'

const HOLDER = fileURLToPath(new URL('../support/postgres-holder.ts', import.meta.url))

describe('the embedded Postgres', () => {
  let dir: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'naru-pg-'))
  })

  after(async () => {
    await rm(dir, { recursive: true, force: true })
  })

  test('speaks logical replication and keeps its data over restarts', async () => {
    const dataDir = join(dir, 'durable')
    {
      await using postgres = await EmbeddedPostgres.start({ dataDir, database: 'shop' })
      assert.equal(await query(postgres.url, 'SHOW wal_level'), 'logical')
      assert.equal(await query(postgres.url, 'SELECT current_database()'), 'shop')
      await query(postgres.url, 'CREATE TABLE t AS SELECT 42 AS n')
    }
    await using postgres = await EmbeddedPostgres.start({ dataDir, database: 'shop' })
    assert.equal(await query(postgres.url, 'SELECT n FROM t'), 42)
  })

  test('comes back on the same port with its data after a kill', async () => {
    await using postgres = await EmbeddedPostgres.start({ dataDir: join(dir, 'killed') })
    await query(postgres.url, 'CREATE TABLE t AS SELECT 1 AS n')
    const { pid, url } = postgres
    await postgres.kill()
    assert.equal(postgres.pid, 0)
    await assert.rejects(query(url, 'SELECT 1'))
    await postgres.restart()
    assert.notEqual(postgres.pid, pid)
    assert.equal(postgres.url, url)
    assert.equal(await query(url, 'SELECT n FROM t'), 1)
  })

  test('asks for the password', async () => {
    await using postgres = await EmbeddedPostgres.start({ dataDir: join(dir, 'password') })
    const wrong = postgres.url.replace(':postgres@', ':wrong@')
    await assert.rejects(query(wrong, 'SELECT 1'), { code: '28P01' })
  })

  test('takes settings over its own', async () => {
    await using postgres = await EmbeddedPostgres.start({
      dataDir: join(dir, 'settings'),
      settings: { wal_level: 'replica', max_wal_senders: '3' },
    })
    assert.equal(await query(postgres.url, 'SHOW wal_level'), 'replica')
    assert.equal(await query(postgres.url, 'SHOW max_wal_senders'), '3')
  })

  test('says that a port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await assert.rejects(EmbeddedPostgres.start({ dataDir: join(dir, 'port'), port }), { code: 'EADDRINUSE', port })
    server.close()
  })

  test('ends when the process that started it is killed, and the next start takes the data over', async () => {
    const dataDir = join(dir, 'orphan')
    const holder = spawn(process.execPath, [HOLDER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(holder.stdout.setEncoding('utf8'), 'data')) as [string]
    const { url, pid } = JSON.parse(line) as { url: string; pid: number }
    await query(url, 'CREATE TABLE t AS SELECT 7 AS n')
    await assert.rejects(EmbeddedPostgres.start({ dataDir }), /another process \(pid \d+\) runs Postgres/)
    const exited = once(holder, 'exit')
    holder.kill('SIGKILL')
    await exited
    await using postgres = await EmbeddedPostgres.start({ dataDir })
    assert.equal(await query(postgres.url, 'SELECT n FROM t'), 7)
    await until(() => !alive(pid), { timeoutMs: 60_000, describe: () => `the old server (pid ${pid}) ends` })
  })
})

async function query(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows[0] === undefined ? undefined : Object.values(rows[0])[0]
  } finally {
    await client.end()
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false // no such process
  }
}
