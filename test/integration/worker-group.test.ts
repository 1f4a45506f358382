import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunningWorker } from '../../runtime/index.ts'
import { probePlugin } from '../support/probe-plugin.ts'
import { WorkerLab, ask, eventually } from '../support/worker-lab.ts'

interface Status {
  readonly connector: { readonly state: string; readonly worker_id: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly worker_id: string }[]
}

const probe = (tasks: number, more: Readonly<Record<string, string>> = {}) => ({
  'connector.class': 'test.ProbeConnector',
  'tasks.max': String(tasks),
  'probe.tasks': String(tasks),
  ...more,
})

async function statuses(worker: RunningWorker): Promise<Readonly<Record<string, Status>>> {
  const { body } = await ask(worker, 'GET', '/connectors?expand=status')
  return Object.fromEntries(
    Object.entries(body as Record<string, { status?: Status }>).flatMap(([name, { status }]) =>
      status === undefined ? [] : [[name, status]],
    ),
  )
}

/** Everything RUNNING, spread over exactly these workers, task counts at most one apart. */
async function assertBalanced(on: readonly RunningWorker[], connectors: number, tasksEach: number): Promise<void> {
  await eventually('all work runs, evenly', async () => {
    const all = Object.values(await statuses(on[0]!))
    const tasks = all.flatMap(({ tasks: own }) => own)
    const loads = new Map(on.map(({ workerId }) => [workerId, 0]))
    for (const { worker_id: owner } of tasks) loads.set(owner, (loads.get(owner) ?? 0) + 1)
    const counts = [...loads.values()]
    const done =
      all.length === connectors &&
      tasks.length === connectors * tasksEach &&
      all.every(({ connector }) => connector.state === 'RUNNING') &&
      tasks.every(({ state }) => state === 'RUNNING') &&
      loads.size === on.length &&
      Math.max(...counts) - Math.min(...counts) <= 1
    return done || Object.fromEntries(loads)
  })
}

describe('a group of workers', () => {
  it('spreads tasks, moves the work of one that leaves, and takes one in', async () => {
    await using lab = await WorkerLab.open()
    const { plugin, log } = probePlugin()
    const plugins = [plugin]
    const [a, b, c] = await Promise.all([lab.worker({ plugins }), lab.worker({ plugins }), lab.worker({ plugins })])
    for (const name of ['p1', 'p2', 'p3']) {
      const { status } = await ask(b, 'PUT', `/connectors/${name}/config`, probe(4))
      assert.equal(status, 201)
    }
    await assertBalanced([a, b, c], 3, 4)

    await lab.stop(c)
    await assertBalanced([a, b], 3, 4)

    const d = await lab.worker({ plugins })
    const before = new Map(log.starts)
    await assertBalanced([a, b, d], 3, 4)
    const moved = [...log.starts].filter(([name, count]) => count !== before.get(name) && /-\d$/.test(name))
    assert.ok(moved.length <= 4, `only what has to move is started anew: ${JSON.stringify(moved)}`)
  })

  it('answers writes on any worker, and reads them there at once', async () => {
    await using lab = await WorkerLab.open()
    const { plugin } = probePlugin()
    const workers = await Promise.all([lab.worker({ plugins: [plugin] }), lab.worker({ plugins: [plugin] })])
    for (const [index, worker] of workers.entries()) {
      const name = `p${index}`
      const created = await ask(worker, 'POST', '/connectors', { name, config: probe(1) })
      assert.equal(created.status, 201)
      assert.match(created.headers.get('location') ?? '', new RegExp(`^http://127.0.0.1:\\d+/connectors/${name}$`))
      assert.equal((await ask(worker, 'GET', `/connectors/${name}/config`)).status, 200)
      assert.equal((await ask(worker, 'POST', '/connectors', { name, config: probe(1) })).status, 409)
    }
    for (const worker of workers) {
      await eventually('the task runs', async () => {
        const { body } = await ask(worker, 'GET', '/connectors/p0/tasks/0/status')
        return (body as { state?: string }).state === 'RUNNING' || body
      })
      assert.equal((await ask(worker, 'POST', '/connectors/p0/tasks/0/restart')).status, 204)
      assert.equal((await ask(worker, 'POST', '/connectors/p0/restart')).status, 204)
      const both = await ask(worker, 'POST', '/connectors/p0/restart?includeTasks=true')
      assert.equal(both.status, 202)
      assert.equal((await ask(worker, 'POST', '/connectors/none/restart')).status, 404)
      assert.equal((await ask(worker, 'DELETE', '/connectors/none')).status, 404)
    }
  })

  it('takes task configs only from a worker that knows the session key', async () => {
    await using lab = await WorkerLab.open()
    const { plugin } = probePlugin()
    const worker = await lab.worker({ plugins: [plugin] })
    const path = '/connectors/p/tasks'
    const refused = async (headers: Readonly<Record<string, string>>): Promise<unknown> =>
      (await ask(worker, 'POST', path, [], headers)).body
    assert.deepEqual(await refused({}), { error_code: 400, message: 'Internal request missing required signature' })
    const signed = (algorithm: string) => ({
      'X-Connect-Authorization': Buffer.from('nonsense').toString('base64'),
      'X-Connect-Request-Signature-Algorithm': algorithm,
    })
    await eventually('the session key is there', async () => {
      const body = (await refused(signed('HmacSHA256'))) as { error_code: number }
      return body.error_code === 403 || body
    })
    assert.match(
      ((await refused(signed('HmacSHA512'))) as { message: string }).message,
      /^This worker does not support the 'HmacSHA512' key signing algorithm/,
    )
  })

  it('keeps REST up while Kafka is away, and works again when it is back', async () => {
    await using lab = await WorkerLab.open({ embedded: true })
    const { plugin, log } = probePlugin()
    const props = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '500', 'rebalance.timeout.ms': '6000' }
    const worker = await lab.worker({ plugins: [plugin], props })
    await ask(worker, 'PUT', '/connectors/p/config', probe(2))
    await assertBalanced([worker], 1, 2)

    await lab.stopKafka()
    assert.equal((await ask(worker, 'GET', '/connectors/p')).status, 200)
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`${worker.restUrl}/metrics`)).text()
      return Number(new RegExp(`^kafka_connect_connect_worker_metrics_${name} (.*)$`, 'm').exec(text)?.[1])
    }
    await eventually('work stops when the session is over', async () => {
      const tasks = await metric('task_count')
      return tasks === 0 || tasks
    })

    await lab.startKafka()
    await eventually('work runs again', async () => {
      const tasks = await metric('task_count')
      return tasks === 2 || tasks
    })
    assert.equal((await ask(worker, 'PUT', '/connectors/q/config', probe(1))).status, 201)
    await eventually('new work starts', () => Promise.resolve(log.starts.get('q-0') === 1))
  })
})
