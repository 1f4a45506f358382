import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { cdcConfig, Lab, s3Config } from './support/lab.ts'
import { isRunning } from './support/rest.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

const ROWS = 300_000
const SLOW_MS = Number(process.env.NARU_SLOW_SINK_MS ?? 60_000)

test('a sink slower than its source: memory stays bounded, lag is shown, nothing is lost', async (t) => {
  await using lab = await Lab.start({ workers: 1 })
  const worker = lab.workers[0]!
  const client = new pg.Client({ connectionString: lab.postgres.url })
  await client.connect()
  t.after(() => client.end())
  await client.query('CREATE TABLE flood (id bigint PRIMARY KEY, body text)')
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

  await client.query(`INSERT INTO flood SELECT i, repeat(md5(i::text), 6) FROM generate_series(1, ${ROWS}) i`)
  let peak = 0
  let lag = 0
  const end = Date.now() + SLOW_MS
  while (Date.now() < end) {
    peak = Math.max(peak, await residentBytes(worker.pid!))
    lag = Math.max(lag, await consumerLag(lab))
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  t.diagnostic(`peak RSS ${Math.round(peak / 2 ** 20)} MB, greatest lag ${lag} records`)
  assert.ok(lag > 10_000, `the backlog shows in /metrics as lag: ${lag}`)
  assert.ok(peak < 600 * 2 ** 20, `peak RSS ${peak}`)

  lab.s3.controls.clear()
  using s3 = new S3Lines(lab.s3Access)
  const ids = new Set<number>()
  await until(
    async () => {
      for (const line of await s3.lines(`topics/${topic}/`))
        ids.add((JSON.parse(line.text) as { after: { id: number } }).after.id)
      return ids.size === ROWS
    },
    { timeoutMs: 120_000, everyMs: 1_000, describe: () => `${ids.size} of ${ROWS} rows in S3` },
  )
})

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
