import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { cdcConfig, Lab, s3Config } from './support/lab.ts'
import { isRunning } from './support/rest.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

const ROWS = 200_000
/** The source is done with its rows within seconds, a few times more on a busy machine; then what is held has reached its height. */
const SLOW_MS = Number(process.env.NARU_SLOW_SINK_MS ?? 20_000)
const BACKLOG = 50_000
const PATIENCE_MS = 120_000

test('a sink slower than its source: memory stays bounded, lag is shown, nothing is lost', async (t) => {
  await using lab = await Lab.start({ workers: 1 })
  const worker = lab.workers[0]!
  await run(lab, 'CREATE TABLE flood (id bigint PRIMARY KEY, body text)')
  const topic = 'cdc-flood.public.flood'
  await lab.rest.put('cdc-flood', cdcConfig(lab, 'cdc-flood', 'flood'))
  // Objects of 1,000 records, each PUT held back by the S3 server: about 1,500 records a second.
  lab.s3.controls.inject({ fault: { kind: 'delay', ms: 600 }, operation: 'PutObject', times: Infinity })
  await lab.rest.put('s3-flood', {
    ...s3Config(lab, topic),
    'flush.size': '1000',
    'rotate.schedule.interval.ms': '30000',
  })
  await until(
    async () => isRunning(await lab.rest.status('cdc-flood')) && isRunning(await lab.rest.status('s3-flood')),
    {
      timeoutMs: 60_000,
      describe: async () => JSON.stringify([await lab.rest.status('cdc-flood'), await lab.rest.status('s3-flood')]),
    },
  )

  const idle = await residentBytes(worker.pid!)
  await run(lab, `INSERT INTO flood SELECT i, repeat(md5(i::text), 6) FROM generate_series(1, ${ROWS}) i`)
  let peak = 0
  let lag = 0
  const began = Date.now()
  while (Date.now() < began + SLOW_MS || (lag <= BACKLOG && Date.now() < began + PATIENCE_MS)) {
    peak = Math.max(peak, await residentBytes(worker.pid!))
    lag = Math.max(lag, await consumerLag(lab))
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
  t.diagnostic(`RSS ${megabytes(idle)} MB before, peak ${megabytes(peak)} MB; greatest lag ${lag} records`)
  assert.ok(lag > BACKLOG, `the backlog shows in /metrics as lag: ${lag}`)
  // The worker with its threads, 32 MB in the producer, fetch.max.bytes (50 MB) being read and as much fetched ahead, and young heaps.
  assert.ok(megabytes(peak) < 700, `peak RSS ${megabytes(peak)} MB`)

  lab.s3.controls.clear()
  using s3 = new S3Lines(lab.s3Access)
  const started = performance.now()
  const ids = new Set<string>()
  const read = new Set<string>()
  await until(
    async () => {
      for (const key of await s3.keys(`topics/${topic}/`)) {
        if (read.has(key)) continue
        read.add(key)
        for (const [, id] of (await s3.bytes(key)).toString().matchAll(/"after":\{"id":(\d+)/g)) ids.add(id!)
      }
      return ids.size === ROWS
    },
    {
      timeoutMs: 120_000,
      everyMs: 500,
      describe: async () =>
        `${ids.size} of ${ROWS} rows in S3, ${JSON.stringify([await lab.rest.status('cdc-flood'), await lab.rest.status('s3-flood')])}`,
    },
  )
  t.diagnostic(`caught up ${Math.round(performance.now() - started)} ms after the sink was fast again`)
})

async function run(lab: Lab, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: lab.postgres.url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
}

/** The lag that an operator would see: the sink's `records-lag` gauges in the Prometheus text. */
async function consumerLag(lab: Lab): Promise<number> {
  const text = await (await fetch(`${lab.rest.urls[0]}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => /^[a-z_]*lag[a-z_]*\{.*s3-flood/.test(line))
    .reduce((max, line) => Math.max(max, Number(line.slice(line.lastIndexOf(' ') + 1))), 0)
}
