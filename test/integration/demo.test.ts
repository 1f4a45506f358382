import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Endpoints } from '../../cli/lab/endpoints.ts'
import { S3Lines } from '../cluster/support/s3-lines.ts'
import { until } from '../cluster/support/until.ts'
import { NaruProcess } from '../support/naru-process.ts'

const ANY_PORTS = ['--rest-port', '0', '--kafka-port', '0', '--postgres-port', '0', '--s3-port', '0']
const PATIENCE_MS = 120_000

describe('naru demo', () => {
  let dir: string
  let data: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'naru-demo-'))
    data = join(dir, 'data')
  })

  after(async () => {
    await rm(dir, { recursive: true, force: true })
  })

  test('carries the shop into objects, continues after kill -9, and stops within three seconds', async (t) => {
    {
      await using demo = new NaruProcess(['demo', '--data', data, ...ANY_PORTS])
      const endpoints = await untilReady(demo, data)
      assert.deepEqual(Object.keys(endpoints), ['rest', 'kafka', 'postgres', 's3'])
      assert.equal(endpoints.s3!.bucket, 'landing')
      await untilStored(endpoints, demo, await lastOrder(endpoints))
      await insertOrder(endpoints) // on its way when the power goes
      assert.equal(await demo.signal('SIGKILL'), 'SIGKILL')
    }
    await rm(join(data, 'endpoints.json')) // left by the killed one
    await using demo = new NaruProcess(['demo', '--data', data, ...ANY_PORTS])
    const endpoints = await untilReady(demo, data)
    const continued = await lastOrder(endpoints)
    assert.ok(continued > 500, 'the database is the one of the first run')
    await untilStored(endpoints, demo, await insertOrder(endpoints))
    await untilNothingMissing(endpoints, demo)

    const stopped = performance.now()
    assert.equal(await demo.signal('SIGINT'), 0, demo.output)
    const ms = performance.now() - stopped
    t.diagnostic(`stopped after ${Math.round(ms)} ms`)
    assert.ok(ms < 3_000, `stopping took ${Math.round(ms)} ms\n${await logOf(data)}`)
    assert.deepEqual(await processesIn(data), [])
    await assert.rejects(readFile(join(data, 'endpoints.json')), { code: 'ENOENT' })
  })

  test('npm start that is killed with -9 takes all of it along, and the next one continues', async () => {
    const shop = join(dir, 'npm')
    const npmStart = () => new NaruProcess(['--data', shop, ...ANY_PORTS], {}, ['npm', 'start', '--'])
    {
      await using npm = npmStart()
      const endpoints = await untilReady(npm, shop)
      await insertOrder(endpoints)
      npm.kill()
    }
    await rm(join(shop, 'endpoints.json'), { force: true })
    await using npm = npmStart()
    const endpoints = await untilReady(npm, shop)
    await untilStored(endpoints, npm, await insertOrder(endpoints))
    await untilNothingMissing(endpoints, npm)
    assert.equal(await npm.signal('SIGINT'), 0, npm.output)
    await until(async () => (await processesIn(shop)).length === 0, {
      timeoutMs: PATIENCE_MS,
      describe: async () => (await processesIn(shop)).join('\n'),
    })
  })

  test('a second one in the same data folder is told who has it', async () => {
    const shared = join(dir, 'shared')
    await using first = new NaruProcess(['dev', '--no-postgres', '--no-s3', '--data', shared, ...ANY_PORTS])
    await untilReady(first, shared)
    await using second = new NaruProcess(['dev', '--data', shared, ...ANY_PORTS])
    assert.equal(await second.end(), 2)
    assert.match(second.output, new RegExp(`used by another naru \\(pid ${first.pid}\\)`))
    assert.equal(await first.signal('SIGTERM'), 0, first.output)
  })

  test('a busy port gives one line with the flag', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using demo = new NaruProcess(['dev', '--data', join(dir, 'busy'), ...ANY_PORTS, '--kafka-port', String(port)])
    assert.equal(await demo.end(), 2)
    assert.equal(
      demo.output,
      `naru: port ${port} (Kafka) is in use: choose another with --kafka-port N, or --kafka-port 0 for any free one\n`,
    )
    server.close()
  })

  test('--clean removes only what naru made', async () => {
    const foreign = join(dir, 'foreign')
    await mkdir(foreign)
    await writeFile(join(foreign, 'thesis.txt'), 'years of work')
    await using demo = new NaruProcess(['demo', '--clean', '--data', foreign, ...ANY_PORTS])
    assert.equal(await demo.end(), 2)
    assert.match(demo.output, /nothing was removed/)
    assert.deepEqual(await readdir(foreign), ['thesis.txt'])
  })

  test('--clean begins anew', async () => {
    const anew = join(dir, 'anew')
    for (const clean of [false, true]) {
      await using dev = new NaruProcess(['dev', '--no-s3', ...(clean ? ['--clean'] : []), '--data', anew, ...ANY_PORTS])
      const { postgres } = await untilReady(dev, anew)
      assert.equal(await query(postgres!, `SELECT to_regclass('t') IS NULL AS none`), true)
      await query(postgres!, 'CREATE TABLE t (n int)')
      assert.equal(await dev.signal('SIGINT'), 0, dev.output)
    }
  })
})

async function untilReady(demo: NaruProcess, data: string): Promise<Endpoints> {
  return await until(
    async () => {
      if (!demo.running) throw new Error(`naru ended:\n${demo.output}\n${await logOf(data)}`)
      const text = await readFile(join(data, 'endpoints.json'), 'utf8').catch(() => undefined)
      return text === undefined ? undefined : (JSON.parse(text) as Endpoints)
    },
    { timeoutMs: PATIENCE_MS, describe: async () => `endpoints.json:\n${demo.output}\n${await logOf(data)}` },
  )
}

/** The order with this number is in an object. */
async function untilStored(endpoints: Endpoints, demo: NaruProcess, order: number): Promise<void> {
  using s3 = new S3Lines(endpoints.s3!)
  const isStored = async (): Promise<boolean> =>
    (await s3.lines('topics/shop.public.orders/')).some(
      ({ text }) => (JSON.parse(text) as { after: { id: number } | null }).after?.id === order,
    )
  await until(isStored, {
    timeoutMs: PATIENCE_MS,
    everyMs: 250,
    describe: () => `order ${order} in an object:\n${demo.output}`,
  })
}

async function insertOrder(endpoints: Endpoints): Promise<number> {
  const made = 'INSERT INTO orders (customer_id, total) SELECT min(id), 1 FROM customers RETURNING id'
  return Number(await query(endpoints.postgres!, made))
}

/** Every order of the database is in an object, and those that were shipped by now are so in their last event. */
async function untilNothingMissing(endpoints: Endpoints, demo: NaruProcess): Promise<void> {
  using s3 = new S3Lines(endpoints.s3!)
  const truth = (await query(endpoints.postgres!, 'SELECT json_object_agg(id, status) FROM orders')) as Readonly<
    Record<string, string>
  >
  const missing = async (): Promise<string[]> => {
    const last = new Map<string, string>()
    for (const { text } of await s3.lines('topics/shop.public.orders/')) {
      const { after } = JSON.parse(text) as { after: { id: number; status: string } | null }
      if (after !== null) last.set(String(after.id), after.status)
    }
    return Object.entries(truth)
      .filter(([id, status]) => !last.has(id) || (status === 'shipped' && last.get(id) !== status))
      .map(([id]) => id)
  }
  await until(async () => (await missing()).length === 0, {
    timeoutMs: PATIENCE_MS,
    everyMs: 250,
    describe: async () => `missing in objects: ${(await missing()).join(', ')}\n${demo.output}`,
  })
}

async function lastOrder(endpoints: Endpoints): Promise<number> {
  return Number(await query(endpoints.postgres!, 'SELECT max(id) FROM orders'))
}

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

/** Processes that work in a folder or name it in their command line. */
async function processesIn(path: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    if (command.includes(path) || cwd.startsWith(path)) found.push(`${pid} ${command.replaceAll('\0', ' ')}`)
  }
  return found
}

async function logOf(data: string): Promise<string> {
  const text = await readFile(join(data, 'naru.log'), 'utf8').catch(() => '')
  return text.split('\n').slice(-40).join('\n')
}
