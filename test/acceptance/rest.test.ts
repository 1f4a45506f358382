import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { definePlugin } from '../../runtime/api/index.ts'
import type { RestExtension, RestExtensionContext } from '../../runtime/api/index.ts'
import { startDistributed, startStandalone } from '../../runtime/index.ts'
import type { RunningWorker } from '../../runtime/index.ts'
import { createLogger } from '../../runtime/telemetry/logger.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls')
const SINK = { 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '1', topics: 'rest-topic' }
const INLINE = { 'plugin.path': '' }

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

let authority: Buffer

/** Over http and https: `fetch` takes no authority of one's own. */
async function ask(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const request = base.startsWith('https:') ? httpsRequest : httpRequest
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      base + path,
      {
        method,
        agent: false,
        ca: authority,
        headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      },
      (incoming) => {
        const parts: Buffer[] = []
        incoming.on('data', (part: Buffer) => parts.push(part))
        incoming.on('end', () => {
          const answer = Buffer.concat(parts).toString()
          const { statusCode: status = 0, headers: got } = incoming
          const isJson = got['content-type']?.startsWith('application/json') === true && answer !== ''
          resolve({ status, headers: got, body: isJson ? JSON.parse(answer) : answer })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

before(async () => {
  authority = await readFile(join(TLS, 'ca.pem'))
})

describe('SessionedProtocolIntegrationTest', () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ plugins: [testConnectors], workerProps: INLINE })
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('S1 ensureInternalEndpointIsSecured: 400 without a signature, 403 with a wrong one, whether the connector exists or not', async () => {
    const name = cluster.name('secured')
    const wrong = {
      'X-Connect-Authorization': createHmac('sha256', 'no key').update('[]').digest('base64'),
      'X-Connect-Request-Signature-Algorithm': 'HmacSHA256',
    }
    const refused = async (): Promise<void> => {
      for (const [method, path, body] of [
        ['POST', 'tasks', '[]'],
        ['PUT', 'fence', undefined],
      ] as const) {
        const bare = await cluster.ask('POST', `/connectors/${name}/tasks`, '[]')
        assert.deepEqual(
          [bare.status, bare.body],
          [400, { error_code: 400, message: 'Internal request missing required signature' }],
        )
        const forged = await cluster.ask(method, `/connectors/${name}/${path}`, body, { headers: wrong })
        assert.deepEqual(
          [forged.status, forged.body],
          [403, { error_code: 403, message: 'Internal request contained invalid signature.' }],
        )
      }
    }
    await until('there is a session key', async () => {
      const { status } = await cluster.ask('POST', `/connectors/${name}/tasks`, '[]', { headers: wrong })
      return status !== 503 || status
    })
    await refused()
    await cluster.configure(name, SINK)
    await cluster.running(name, 1)
    await refused()
    const unknown = await cluster.ask<{ message: string }>('POST', `/connectors/${name}/tasks`, '[]', {
      headers: { ...wrong, 'X-Connect-Request-Signature-Algorithm': 'HmacSHA1' },
    })
    assert.equal(unknown.status, 400)
    assert.match(
      unknown.body.message,
      /^This worker does not support the 'HmacSHA1' key signing algorithm used by other workers\. /,
    )
  })
})

describe('RestForwardingIntegrationTest', () => {
  const CASES: readonly (readonly [id: string, name: string, dual: boolean, follower: boolean, leader: boolean])[] = [
    ['F1', 'testRestForwardNoSsl', false, false, false],
    ['F2', 'testRestForwardNoSslDualListener', true, false, false],
    ['F3', 'testRestForwardLeaderSsl', false, false, true],
    ['F4', 'testRestForwardFollowerSsl', false, true, false],
    ['F5', 'testRestForwardSslDualListener', true, true, true],
    ['F6', 'testRestForwardSsl', false, true, true],
  ]
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ workers: 0 })
  })
  after(() => cluster[Symbol.asyncDispose]())

  function props(label: string, dual: boolean, ssl: boolean): Readonly<Record<string, string>> {
    const [plain, secure] = ['http://localhost:0', 'https://localhost:0']
    const topics = ['config', 'offset', 'status'].map((each) => [
      `${each}.storage.topic`,
      cluster.name(`${label}-${each}`),
    ])
    return cluster.props({
      ...INLINE,
      ...Object.fromEntries(topics),
      'group.id': cluster.name(label),
      listeners: dual ? `${plain},${secure}` : ssl ? secure : plain,
      ...(dual ? { 'rest.advertised.listener': ssl ? 'https' : 'http' } : {}),
      'ssl.keystore.location': join(TLS, 'server.p12'),
      'ssl.keystore.password': 'changeit',
      'ssl.keystore.type': 'PKCS12',
      'ssl.truststore.location': join(TLS, 'truststore.p12'),
      'ssl.truststore.password': 'changeit',
      'ssl.truststore.type': 'PKCS12',
      // Not for the clients of this worker: its broker speaks plain text.
      'security.protocol': 'PLAINTEXT',
    })
  }

  for (const [id, name, dual, followerSsl, leaderSsl] of CASES)
    test(`${id} ${name}: a follower passes a request on, and gives back what the leader says`, async () => {
      const start = async (ssl: boolean): Promise<RunningWorker> =>
        await startDistributed({ props: props(id, dual, ssl), plugins: [testConnectors], logger: silentLogger })
      // The first of a group leads it.
      await using leader = await start(leaderSsl)
      await until('the first worker leads', async () => {
        const { body } = await ask(leader.restUrl, 'GET', '/workers')
        return (body as { leader: boolean }[]).some((each) => each.leader) || body
      })
      await using follower = await start(followerSsl)
      await until('both are in the group', async () => {
        const { body } = await ask(follower.restUrl, 'GET', '/workers')
        return (body as unknown[]).length === 2 || body
      })
      const { body: workers } = await ask(follower.restUrl, 'GET', '/workers')
      assert.deepEqual(
        (workers as { worker_id: string; url: string; leader: boolean }[]).find((each) => each.leader),
        {
          worker_id: leader.workerId,
          url: `${leaderSsl ? 'https' : 'http'}://${leader.workerId}/`,
          leader: true,
          connectors: [],
          tasks: [],
        },
      )
      const created = await ask(follower.restUrl, 'POST', '/connectors', { name: 'foo', config: SINK })
      assert.equal(created.status, 201, JSON.stringify(created.body))
      assert.deepEqual(created.body, { name: 'foo', config: { ...SINK, name: 'foo' }, tasks: [], type: 'sink' })
      assert.equal(created.headers['location'], `${leaderSsl ? 'https' : 'http'}://${leader.workerId}/connectors/foo`)
      const again = await ask(follower.restUrl, 'POST', '/connectors', { name: 'foo', config: SINK })
      assert.deepEqual([again.status, again.body], [409, { error_code: 409, message: 'Connector foo already exists' }])
    })
})

describe('RestExtensionIntegrationTest', () => {
  class TestExtension implements RestExtension {
    register({ clusterState, route, filter }: RestExtensionContext): void {
      route('GET', '/integration-test-rest-extension/health', () => {
        const { name, type, connector, tasks } = clusterState.connectorHealth('test-conn')
        return { status: 200, body: { name, type, connector, tasks: Object.fromEntries(tasks) } }
      })
      route('GET', '/integration-test-rest-extension/config/:name', ({ params }) => ({
        status: 200,
        body: clusterState.connectorConfig(params['name']!),
      }))
      route('POST', '/integration-test-rest-extension/echo', async ({ body, headers }) => ({
        status: 201,
        headers: { 'X-Cluster': (await clusterState.clusterDetails()).kafkaClusterId },
        body: `${String(headers['content-type'])} ${Buffer.from(body).toString()} ${clusterState.connectors().join()}`,
      }))
      filter(({ headers }) => (headers['x-refused'] === undefined ? undefined : { status: 451, body: 'not you' }))
    }
  }
  const extension = definePlugin({
    name: 'rest-extension',
    version: '1',
    restExtensions: { 'test.IntegrationTestRestExtension': TestExtension },
  })
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({
      plugins: [testConnectors, extension],
      workerProps: { ...INLINE, 'rest.extension.classes': 'test.IntegrationTestRestExtension' },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('H1 testRestExtensionApi: an extension has endpoints, sees the cluster, and may refuse requests', async () => {
    await cluster.configure('test-conn', SINK)
    await cluster.running('test-conn', 1)
    const root = '/integration-test-rest-extension'
    const { workerId } = cluster.worker
    assert.deepEqual((await cluster.ask('GET', `${root}/health`)).body, {
      name: 'test-conn',
      type: 'sink',
      connector: { state: 'RUNNING', workerId },
      tasks: { 0: { state: 'RUNNING', workerId } },
    })
    assert.deepEqual((await cluster.ask('GET', `${root}/config/test-conn`)).body, { ...SINK, name: 'test-conn' })
    assert.equal((await cluster.ask('GET', `${root}/config/none`)).status, 404)
    const echo = await cluster.ask('POST', `${root}/echo`, { a: 1 })
    assert.deepEqual([echo.status, echo.body], [201, 'application/json {"a":1} test-conn'])
    assert.equal(
      echo.headers.get('x-cluster'),
      (await cluster.ask<{ kafka_cluster_id: string }>('GET', '/')).body.kafka_cluster_id,
    )
    const refused = await cluster.ask('GET', '/connectors', undefined, { headers: { 'X-Refused': '1' } })
    assert.deepEqual([refused.status, refused.body], [451, 'not you'])
  })
})

describe('StandaloneWorkerIntegrationTest', () => {
  let cluster: ConnectCluster
  let worker: RunningWorker
  const lines: string[] = []
  before(async () => {
    cluster = await startConnectCluster({ workers: 0 })
    const { 'bootstrap.servers': bootstrap, ...props } = cluster.props({
      ...INLINE,
      'offset.storage.file.filename': join(import.meta.dirname, 'never-written.offsets'),
    })
    const logger = createLogger({ destination: { write: (text) => lines.push(text) } })
    worker = await startStandalone({
      props: {
        ...Object.fromEntries(
          Object.entries(props).filter(
            ([key]) => !/^(group|config|status)\.|^offset\.storage\.(topic|partitions|repl)/.test(key),
          ),
        ),
        'bootstrap.servers': bootstrap!,
      },
      connectors: [],
      plugins: [testConnectors],
      logger,
    })
    await worker.ready
  })
  after(async () => {
    await worker[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  interface Level {
    readonly level: string
    readonly last_modified: number | null
  }
  const levels = async (): Promise<Readonly<Record<string, Level>>> =>
    (await ask(worker.restUrl, 'GET', '/admin/loggers')).body as Record<string, Level>
  const set = async (logger: string, level: string, scope?: string): Promise<Answer> =>
    await ask(worker.restUrl, 'PUT', `/admin/loggers/${logger}${scope === undefined ? '' : `?scope=${scope}`}`, {
      level,
    })

  test('A1 testDynamicLogging: a level holds for a logger and those below it, from now on', async () => {
    const initial = await levels()
    assert.ok(Object.keys(initial).length > 0)
    assert.deepEqual(Object.keys(initial), Object.keys(initial).toSorted())
    for (const { last_modified: modified } of Object.values(initial)) assert.equal(modified, null)

    const scopes = [
      ['org.apache.kafka.connect.runtime', undefined],
      ['org.apache.kafka.connect.storage', 'worker'],
      ['org.apache.kafka.connect', 'cluster'],
    ] as const
    let before = initial
    for (const [namespace, scope] of scopes) {
      const startedAt = Date.now()
      const { status, body } = await set(namespace, 'TRACE', scope)
      const within = (name: string): boolean => name === namespace || name.startsWith(`${namespace}.`)
      if (scope === 'cluster') assert.deepEqual([status, body], [204, ''])
      else {
        assert.equal(status, 200)
        assert.ok((body as string[]).length > 0)
        assert.ok((body as string[]).every(within))
      }
      await until('the level holds', async () => (await levels())[namespace]?.level === 'TRACE')
      const now = await levels()
      for (const [name, { level, last_modified: modified }] of Object.entries(now)) {
        if (!within(name)) assert.deepEqual(now[name], before[name] ?? now[name])
        else if (before[name]?.level === 'TRACE') assert.deepEqual(now[name], before[name])
        else assert.ok(level === 'TRACE' && modified !== null && modified >= startedAt)
      }
      for (const name of Object.keys(before)) assert.ok(name in now, `${name} vanished`)
      assert.deepEqual((await set(namespace, 'TRACE')).body, [])
      assert.deepEqual(await levels(), now)
      before = now
    }
    assert.ok(lines.some((line) => line.includes('"PUT /admin/loggers/org.apache.kafka.connect.storage')))
    await set('org.apache.kafka.connect.runtime.rest', 'INFO')
  })

  test('a level is refused that is none, and a logger that nobody knows', async () => {
    const refusals = [
      await set('root', 'LOUD'),
      await ask(worker.restUrl, 'PUT', '/admin/loggers/root', {}),
      await ask(worker.restUrl, 'GET', '/admin/loggers/nobody'),
    ]
    assert.deepEqual(
      refusals.map(({ body }) => body),
      [
        { error_code: 404, message: "invalid log level 'LOUD'." },
        { error_code: 400, message: "Desired 'level' parameter was not specified in request." },
        { error_code: 404, message: 'Logger nobody not found.' },
      ],
    )
  })
})
