import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunningWorker } from '../../runtime/index.ts'
import { probePlugin } from '../support/probe-plugin.ts'
import type { ProbeLog } from '../support/probe-plugin.ts'
import { WorkerLab, ask, eventually } from '../support/worker-lab.ts'
import type { Reply } from '../support/worker-lab.ts'

const probe = (tasks: number, more: Readonly<Record<string, string | number | null>> = {}) => ({
  'connector.class': 'test.ProbeConnector',
  'tasks.max': String(tasks),
  'probe.tasks': String(tasks),
  ...more,
})

describe('the REST API', () => {
  let lab: WorkerLab
  let worker: RunningWorker
  let log: ProbeLog
  let count = 0

  before(async () => {
    const probes = probePlugin()
    log = probes.log
    lab = await WorkerLab.open()
    worker = await lab.worker({ plugins: [probes.plugin] })
    await worker.ready
  })
  after(() => lab[Symbol.asyncDispose]())

  const call = (method: string, path: string, body?: unknown): Promise<Reply> => ask(worker, method, path, body)
  const error = (code: number, message: string) => ({ error_code: code, message })
  const states = async (name: string): Promise<string> => {
    const { body } = await call('GET', `/connectors/${name}/status`)
    const { connector, tasks = [] } = body as { connector?: { state: string }; tasks?: { state: string }[] }
    return [connector?.state ?? 'none', ...tasks.map(({ state }) => state)].join(' ')
  }
  const reaches = (name: string, wanted: string): Promise<void> =>
    eventually(`${name} is ${wanted}`, async () => {
      const seen = await states(name)
      return seen === wanted || seen
    })
  const connector = async (tasks: number, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const name = `c${count++}`
    assert.equal((await call('POST', '/connectors', { name, config: probe(tasks, more) })).status, 201)
    return name
  }

  it('says who it is and that it is well', async () => {
    const { status, body, headers } = await call('GET', '/')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'application/json')
    assert.deepEqual(Object.keys(body as object), ['version', 'commit', 'kafka_cluster_id'])
    assert.deepEqual((await call('GET', '/health')).body, {
      status: 'healthy',
      message: 'Worker has completed startup and is ready to handle requests.',
    })
  })

  it('creates, shows, changes and deletes a connector', async () => {
    const config = probe(2, { name: 'life', extra: 1 })
    const created = await call('POST', '/connectors', { name: ' life ', config })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), `${worker.restUrl}/connectors/life`)
    assert.deepEqual(created.body, { name: 'life', config: { ...config, extra: '1' }, tasks: [], type: 'source' })
    await reaches('life', 'RUNNING RUNNING RUNNING')
    assert.deepEqual(
      await call('POST', '/connectors', { name: 'life', config }).then(({ status, body }) => [status, body]),
      [409, error(409, 'Connector life already exists')],
    )

    const tasks = (await call('GET', '/connectors/life/tasks')).body as {
      id: unknown
      config: Record<string, string>
    }[]
    assert.deepEqual(
      tasks.map(({ id }) => id),
      [
        { connector: 'life', task: 0 },
        { connector: 'life', task: 1 },
      ],
    )
    assert.equal(tasks[0]!.config['task.class'], 'test.ProbeTask')
    assert.equal((await call('GET', '/connectors/life/')).status, 200, 'a slash at the end does not matter')

    const patched = await call('PATCH', '/connectors/life/config', { extra: null, 'probe.tasks': 1 })
    assert.equal(patched.status, 200)
    assert.equal('extra' in (patched.body as { config: object }).config, false)
    await reaches('life', 'RUNNING RUNNING')
    assert.equal((await call('PUT', '/connectors/life/config', probe(3))).status, 200)
    await reaches('life', 'RUNNING RUNNING RUNNING RUNNING')

    assert.ok(((await call('GET', '/connectors')).body as string[]).includes('life'))
    const expanded = (await call('GET', '/connectors?expand=info&expand=status')).body as Record<string, object>
    assert.deepEqual(Object.keys(expanded['life']!), ['info', 'status'])

    assert.deepEqual((await call('DELETE', '/connectors/life')).status, 204)
    assert.deepEqual((await call('GET', '/connectors/life')).body, error(404, 'Connector life not found'))
    await eventually('no status is left', async () => (await call('GET', '/connectors/life/status')).status === 404)
    assert.deepEqual(
      (await call('GET', '/connectors/life/status')).body,
      error(404, 'No status found for connector life'),
    )
  })

  it('pauses, resumes and stops, however often it is asked', async () => {
    const name = await connector(2)
    await reaches(name, 'RUNNING RUNNING RUNNING')
    for (let i = 0; i < 2; i++) assert.equal((await call('PUT', `/connectors/${name}/pause`)).status, 202)
    await reaches(name, 'PAUSED PAUSED PAUSED')
    for (let i = 0; i < 2; i++) assert.equal((await call('PUT', `/connectors/${name}/stop`)).status, 204)
    await reaches(name, 'STOPPED')
    assert.deepEqual((await call('GET', `/connectors/${name}/tasks`)).body, [])
    assert.equal((await call('PUT', `/connectors/${name}/pause`)).status, 202)
    await reaches(name, 'PAUSED')
    for (let i = 0; i < 2; i++) assert.equal((await call('PUT', `/connectors/${name}/resume`)).status, 202)
    await reaches(name, 'RUNNING RUNNING RUNNING')
    assert.deepEqual((await call('PUT', '/connectors/none/pause')).body, error(404, 'Unknown connector none'))
    assert.deepEqual((await call('PUT', '/connectors/none/stop')).body, error(404, 'Unknown connector none'))
  })

  for (const initial of ['PAUSED', 'stopped'])
    it(`creates a connector that begins ${initial}, without tasks until it is resumed`, async () => {
      const name = `initially-${initial}`
      const { status } = await call('POST', '/connectors', { name, config: probe(1), initial_state: initial })
      assert.equal(status, 201)
      await reaches(name, initial.toUpperCase())
      await call('PUT', `/connectors/${name}/resume`)
      await reaches(name, 'RUNNING RUNNING')
    })

  it('restarts just what is asked for', async () => {
    const name = await connector(2)
    await reaches(name, 'RUNNING RUNNING RUNNING')
    const starts = () => [name, `${name}-0`, `${name}-1`].map((each) => log.starts.get(each))
    assert.deepEqual(starts(), [1, 1, 1])
    assert.equal((await call('POST', `/connectors/${name}/restart`)).status, 204)
    assert.deepEqual(starts(), [2, 1, 1])
    assert.equal((await call('POST', `/connectors/${name}/tasks/1/restart`)).status, 204)
    await eventually('task 1 started again', () => Promise.resolve(log.starts.get(`${name}-1`) === 2))

    // The state is read from the status topic, where the stop before the new start is still to be seen for a moment.
    await eventually('a restart of what failed finds it running', async () => {
      const noop = await call('POST', `/connectors/${name}/restart?onlyFailed=true&includeTasks=true`)
      assert.equal(noop.status, 202)
      const { state } = (noop.body as { connector: { state: string } }).connector
      return state === 'RUNNING' || state
    })
    await reaches(name, 'RUNNING RUNNING RUNNING')
    assert.deepEqual(starts(), [2, 1, 2])

    const all = await call('POST', `/connectors/${name}/restart?includeTasks=true`)
    assert.equal(all.status, 202)
    assert.deepEqual(
      (all.body as { tasks: { state: string }[] }).tasks.map(({ state }) => state),
      ['RESTARTING', 'RESTARTING'],
    )
    await eventually('all started again', () => Promise.resolve(starts().join() === '3,2,3' || starts()))

    assert.deepEqual((await call('POST', '/connectors/none/restart')).body, error(404, 'Unknown connector: none'))
    assert.deepEqual(
      (await call('POST', `/connectors/${name}/tasks/9/restart`)).body,
      error(404, `Unknown task: ${name}-9`),
    )
  })

  it('shows what failed with its trace, and restarts only that', async () => {
    const name = await connector(1, { 'probe.fail': 'task' })
    await reaches(name, 'RUNNING FAILED')
    const { body } = await call('GET', `/connectors/${name}/tasks/0/status`)
    assert.deepEqual(Object.keys(body as object), ['id', 'state', 'worker_id', 'trace', 'version'])
    assert.match((body as { trace: string }).trace, /the probe was told to fail/)
    assert.equal((await call('POST', `/connectors/${name}/restart?onlyFailed=true&includeTasks=true`)).status, 202)
    await eventually('the task was tried again', () => Promise.resolve(log.starts.get(`${name}-0`) === 2))
    assert.equal(log.starts.get(name), 1)

    const broken = await connector(1, { 'probe.fail': 'connector' })
    await reaches(broken, 'FAILED')
    assert.deepEqual((await call('GET', `/connectors/${broken}/tasks`)).body, [])
    assert.equal((await call('PUT', `/connectors/${broken}/config`, probe(1))).status, 200)
    await reaches(broken, 'RUNNING RUNNING')
  })

  it('fails a connector that makes more tasks than it may', async () => {
    const name = 'greedy'
    await call('PUT', `/connectors/${name}/config`, probe(1, { 'probe.tasks': '2' }))
    await reaches(name, 'FAILED')
    const { body } = await call('GET', `/connectors/${name}/status`)
    assert.match(
      (body as { connector: { trace: string } }).connector.trace,
      /The connector greedy has generated 2 tasks, which is greater than 1/,
    )
    await call('PUT', `/connectors/${name}/config`, probe(1, { 'probe.tasks': '2', 'tasks.max.enforce': 'false' }))
    await reaches(name, 'RUNNING RUNNING RUNNING')
  })

  it('serves names with slashes, percent signs and letters of any script', async () => {
    const name = 'a/b %25\\ é'
    const path = `/connectors/${encodeURIComponent(name)}`
    assert.equal((await call('POST', '/connectors', { name, config: probe(1) })).status, 201)
    await eventually('it runs', async () => (await call('GET', `${path}/tasks/0/status`)).status === 200)
    assert.equal((await call('GET', path)).status, 200)
    assert.equal((await call('DELETE', path)).status, 204)
  })

  it('says what is wrong with a request', async () => {
    const bad = async (method: string, path: string, body?: unknown): Promise<readonly [number, string]> => {
      const { status, body: answer } = await call(method, path, body)
      assert.equal((answer as { error_code: number }).error_code, status)
      return [status, (answer as { message: string }).message]
    }
    assert.deepEqual(await bad('GET', '/nowhere'), [404, 'HTTP 404 Not Found'])
    assert.deepEqual(await bad('DELETE', '/connectors'), [405, 'HTTP 405 Method Not Allowed'])
    assert.deepEqual(await bad('POST', '/connectors', '{"name":'), [400, 'the body is not valid JSON'])
    assert.match((await bad('POST', '/connectors', { name: 'x' }))[1], /"config" is missing/)
    assert.match((await bad('POST', '/connectors', { name: 'x', config: {}, nam: 1 }))[1], /Unrecognized field "nam"/)
    assert.deepEqual(await bad('POST', '/connectors', { name: 'x', config: { name: 'y', 'connector.class': 'z' } }), [
      400,
      "Connector name configuration (y) doesn't match connector name in the URL (x)",
    ])
    assert.deepEqual(await bad('PUT', '/connectors/x/config', { a: 'b' }), [
      400,
      'Connector config {a=b, name=x} contains no connector type',
    ])
    assert.match(
      (await bad('PUT', '/connectors/x/config', { 'connector.class': 'test.ProbConnector' }))[1],
      /^Failed to find any class that implements Connector and which name matches test.ProbConnector, .* Did you mean/,
    )
    const [status, message] = await bad('PUT', '/connectors/x/config', probe(1, { 'tasks.max': 'many' }))
    assert.equal(status, 400)
    assert.match(
      message,
      /^Connector configuration is invalid and contains the following \d error\(s\):\nInvalid value many/,
    )
    const text = await fetch(`${worker.restUrl}/connectors`, { method: 'POST', body: 'x' })
    assert.equal(text.status, 415)
    const xml = await fetch(`${worker.restUrl}/connectors`, { headers: { accept: 'text/xml' } })
    assert.equal(xml.status, 406)
  })

  it('validates a config without creating anything', async () => {
    const path = '/connector-plugins/ProbeConnector/config/validate'
    const { status, body } = await call('PUT', path, probe(1, { 'probe.tasks': 'x', other: 'y' }))
    assert.equal(status, 200)
    const {
      name,
      error_count: errors,
      configs,
    } = body as {
      name: string
      error_count: number
      configs: { definition: object | null; value: { name: string; errors: string[] } }[]
    }
    assert.equal(name, 'test.ProbeConnector')
    const named = (key: string) => configs.find(({ value }) => value.name === key)!.value.errors
    assert.deepEqual(named('name'), ['Missing required configuration "name" which has no default value.'])
    assert.deepEqual(named('probe.tasks'), ['Invalid value x for configuration probe.tasks: Not a number of type INT'])
    assert.equal(errors, 2)
    const other = await call('PUT', '/connector-plugins/FileStreamSink/config/validate', probe(1))
    assert.deepEqual(
      other.body,
      error(400, 'Included connector type test.ProbeConnector does not match request type FileStreamSink'),
    )
  })

  it('lists plugins and their keys', async () => {
    const list = (await call('GET', '/connector-plugins')).body as { class: string; type: string }[]
    assert.ok(list.some((each) => each.class === 'test.ProbeConnector' && each.type === 'source'))
    assert.ok(list.every(({ type }) => type === 'source' || type === 'sink'))
    const all = (await call('GET', '/connector-plugins?connectorsOnly=false')).body as unknown[]
    assert.ok(all.length > list.length)
    const keys = (await call('GET', '/connector-plugins/ProbeConnector/config')).body as { name: string }[]
    assert.equal(keys[0]!.name, 'probe.tasks')
    assert.deepEqual((await call('GET', '/connector-plugins/Nope/config')).body, error(404, 'Unknown plugin Nope.'))
  })

  it('shows, alters and resets the offsets of a stopped source', async () => {
    const name = await connector(1)
    const path = `/connectors/${name}/offsets`
    const offsets = [{ partition: { file: 'a' }, offset: { position: 7 } }]
    assert.deepEqual((await call('GET', path)).body, { offsets: [] })
    assert.match(
      ((await call('PATCH', path, { offsets })).body as { message: string }).message,
      /must be in the STOPPED state/,
    )
    await reaches(name, 'RUNNING RUNNING')
    await call('PUT', `/connectors/${name}/stop`)
    await reaches(name, 'STOPPED')
    const altered = await call('PATCH', path, { offsets })
    assert.equal(altered.status, 200)
    assert.match((altered.body as { message: string }).message, /have been altered successfully/)
    assert.deepEqual((await call('GET', path)).body, { offsets })
    assert.equal((await call('DELETE', path)).status, 200)
    assert.deepEqual((await call('GET', path)).body, { offsets: [] })
    assert.deepEqual(
      (await call('PATCH', path, {})).body,
      error(400, 'Partitions / offsets need to be provided for an alter offsets request'),
    )
    assert.equal((await call('GET', '/connectors/none/offsets')).status, 404)
  })

  it('reports metrics by the names of Kafka Connect', async () => {
    const text = await (await fetch(`${worker.restUrl}/metrics`)).text()
    assert.match(text, /^kafka_connect_connect_worker_metrics_connector_count \d+$/m)
    assert.match(text, /^kafka_connect_connect_worker_rebalance_metrics_epoch \d+$/m)
  })
})
