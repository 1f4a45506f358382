import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import type { RunningWorker } from '../../runtime/index.ts'
import { probePlugin } from '../support/probe-plugin.ts'
import { WorkerLab, ask, eventually } from '../support/worker-lab.ts'

interface Validator {
  (value: unknown): boolean
  readonly errors?: unknown
}
/** The runtime's own; the one at the top of the repository is older and belongs to a tool. */
const { Ajv2020 } = createRequire(join(import.meta.dirname, '..', '..', 'runtime', 'package.json'))(
  'ajv/dist/2020',
) as {
  readonly Ajv2020: new (options: object) => { compile(schema: object): Validator; addSchema(schema: object): void }
}

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls')
const PEM: Props = {
  'ssl.keystore.type': 'PEM',
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': join(TLS, 'ca.pem'),
}

describe('the REST server', () => {
  let lab: WorkerLab
  let folder: string
  let groups = 0
  before(async () => {
    lab = await WorkerLab.open({ embedded: true })
    folder = await mkdtemp(join(tmpdir(), 'naru-rest-'))
  })
  after(async () => {
    await lab[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** A group of its own for each. */
  const worker = async (props: Props = {}): Promise<RunningWorker> => {
    const group = `${lab.name('rest')}-${groups++}`
    const topics = ['config', 'offset', 'status'].map((each) => [`${each}.storage.topic`, `${group}-${each}`])
    const started = await lab.worker({
      plugins: [probePlugin().plugin],
      props: { ...Object.fromEntries(topics), 'group.id': group, ...props },
    })
    await started.ready
    return started
  }
  const get = async (url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    await fetch(url, { method, headers })

  describe('as it is by default', () => {
    let plain: RunningWorker
    before(async () => {
      plain = await worker({
        'access.control.allow.origin': 'https://pages.example',
        'response.http.headers.config': 'add X-One: 1, "set X-List: a,b", setDate Expires: 60000',
      })
    })

    it('answers HEAD and OPTIONS, with and without a slash at the end', async () => {
      const head = await get(`${plain.restUrl}/connectors/`, {}, 'HEAD')
      assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '2', ''])
      const options = await get(`${plain.restUrl}/connectors`, {}, 'OPTIONS')
      assert.equal(options.headers.get('allow'), 'HEAD,GET,POST,OPTIONS')
      assert.deepEqual([options.status, await options.text()], [200, 'HEAD, GET, POST, OPTIONS'])
    })

    it('takes what real clients send', async () => {
      const put = (path: string, init: RequestInit) => fetch(`${plain.restUrl}${path}`, { method: 'PUT', ...init })
      const json = { 'content-type': 'application/json' }
      const config = JSON.stringify({ 'connector.class': 'test.ProbeConnector', 'tasks.max': 1 })
      assert.equal((await put('/connectors/odd/config', { headers: json, body: config })).status, 201)
      assert.equal((await put('/connectors/odd/pause', { headers: json })).status, 202)
      assert.equal((await put('/connectors/odd/pause', { headers: json, body: '""' })).status, 202)
      assert.equal((await put('/connectors/odd/resume', { headers: { 'content-type': 'text/plain' } })).status, 202)
      assert.equal(
        (await put('/connectors/odd/resume', { headers: { 'content-type': 'text/plain' }, body: 'x' })).status,
        415,
      )
      const charset = { 'content-type': 'application/json; charset=utf-8' }
      assert.equal((await put('/connectors/odd/config', { headers: charset, body: config })).status, 200)
      await eventually('it runs', async () => (await ask(plain, 'GET', '/connectors/odd/status')).status === 200)
      for (const [query, status] of [
        ['includeTasks=False&onlyFailed=false', 204],
        ['includeTasks', 204],
        ['includeTasks=yes', 204],
        ['includeTasks=False&onlyFailed=TRUE', 202],
      ] as const)
        assert.equal((await ask(plain, 'POST', `/connectors/odd/restart?${query}`)).status, status, query)
      assert.equal((await get(`${plain.restUrl}/connectors`, { accept: 'text/html, */*;q=0.1' })).status, 200)
      assert.equal((await get(`${plain.restUrl}/connectors`, { accept: 'application/*' })).status, 200)
      assert.equal((await get(`${plain.restUrl}/connectors`, { accept: 'text/html' })).status, 406)
      assert.deepEqual((await ask(plain, 'GET', '/connectors?expand=')).body, { odd: {} })
      assert.equal((await ask(plain, 'DELETE', '/connectors/odd')).status, 204)
    })

    it('serves names of all letters, encoded once', async () => {
      for (const name of ['with space', 'a->b', 'ünï/cödé', '100%', 'a+b', '..x', 'a?b#c']) {
        const path = `/connectors/${encodeURIComponent(name)}`
        const config = { 'connector.class': 'test.ProbeConnector', 'tasks.max': '1' }
        const created = await ask(plain, 'POST', '/connectors', { name, config })
        assert.equal(created.status, 201)
        assert.equal(created.headers.get('location'), `${plain.restUrl}${path}`)
        assert.equal(((await ask(plain, 'GET', path)).body as { name: string }).name, name)
        assert.equal((await ask(plain, 'PUT', `${path}/pause`)).status, 202)
        assert.equal((await ask(plain, 'DELETE', path)).status, 204)
      }
    })

    it('adds the headers that it is told to, and lets pages of one other origin read', async () => {
      const allowed = await get(`${plain.restUrl}/`, { origin: 'https://pages.example' })
      assert.deepEqual(
        ['x-one', 'x-list', 'access-control-allow-origin', 'vary'].map((name) => allowed.headers.get(name)),
        ['1', 'a,b', 'https://pages.example', 'Origin'],
      )
      assert.ok(Date.parse(allowed.headers.get('expires')!) > Date.now())
      const other = await get(`${plain.restUrl}/`, { origin: 'https://other.example' })
      assert.equal(other.headers.get('access-control-allow-origin'), null)
      const preflight = await get(
        `${plain.restUrl}/connectors`,
        { origin: 'https://pages.example', 'access-control-request-method': 'POST' },
        'OPTIONS',
      )
      assert.equal(preflight.headers.get('access-control-allow-methods'), 'HEAD,GET,POST')
    })

    it('describes itself by an OpenAPI document whose every operation is served', async () => {
      const { body } = await ask(plain, 'GET', '/openapi.json')
      const document = body as OpenApi
      assert.equal(document.openapi, '3.1.0')
      const ajv = new Ajv2020({ strict: false, validateFormats: false })
      const isDocument = ajv.compile(META)
      assert.ok(isDocument(document), JSON.stringify(isDocument.errors))
      ajv.addSchema({ $id: 'api', ...document })
      const schema = (ref: string) => ajv.compile({ $ref: `api${ref}` })
      for (const name of Object.keys(document.components.schemas)) schema(`#/components/schemas/${name}`)

      const ids = new Set<string>()
      for (const [template, operations] of Object.entries(document.paths))
        for (const [verb, { operationId, parameters, responses }] of Object.entries(operations)) {
          assert.ok(!ids.has(operationId), operationId)
          ids.add(operationId)
          const named = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
          assert.deepEqual(
            parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
            named,
          )
          const path = template.replace('{task}', '0').replace(/\{\w+\}/g, 'nobody')
          const answer = await ask(plain, verb.toUpperCase(), path, verb === 'get' ? undefined : {}, {
            accept: '*/*',
          }).catch(
            () => undefined, // not JSON
          )
          if (answer === undefined) {
            assert.equal(path, '/metrics')
            continue
          }
          assert.notEqual(
            (answer.body as { message?: string } | undefined)?.message,
            'HTTP 404 Not Found',
            `${verb} ${path}`,
          )
          assert.notEqual(answer.status, 405)
          const { content } = responses[answer.status] ?? responses['default']!
          if (content === undefined) assert.equal(answer.body, undefined)
          else {
            const validate = schema(content['application/json'].schema.$ref)
            assert.ok(validate(answer.body), `${verb} ${path}: ${JSON.stringify([answer.body, validate.errors])}`)
          }
        }
      assert.ok(ids.size > 30)
    })

    it('gives metrics as JSON to those who accept nothing else', async () => {
      const metrics = await get(`${plain.restUrl}/metrics`, { accept: 'application/json' })
      const samples = (await metrics.json()) as { name: string; labels: object; value: number }[]
      assert.ok(samples.some(({ name }) => name === 'kafka_connect_connect_worker_metrics_connector_count'))
      for (const accept of ['*/*', 'text/plain;version=0.0.4', 'application/openmetrics-text;version=1.0.0,*/*;q=0.1'])
        assert.match(
          (await get(`${plain.restUrl}/metrics`, { accept })).headers.get('content-type') ?? '',
          /^text\/plain/,
        )
    })

    it('tells the members of its group, and how far tasks are', async () => {
      const config = { 'connector.class': 'test.ProbeConnector', 'tasks.max': '2', 'probe.tasks': '2' }
      await ask(plain, 'PUT', '/connectors/shown/config', config)
      const wanted = [
        {
          worker_id: plain.workerId,
          url: `http://${plain.workerId}/`,
          leader: true,
          connectors: ['shown'],
          tasks: [
            { connector: 'shown', task: 0 },
            { connector: 'shown', task: 1 },
          ],
        },
      ]
      await eventually('it runs both tasks', async () => {
        const { body } = await ask(plain, 'GET', '/workers')
        return JSON.stringify(body) === JSON.stringify(wanted) || body
      })
      const { status, body } = await ask(plain, 'GET', '/connectors/shown/progress')
      assert.equal(status, 200)
      const { name, tasks } = body as { name: string; tasks: { id: number; worker_id: string }[] }
      assert.equal(name, 'shown')
      assert.deepEqual(
        tasks.map(({ id, worker_id: at }) => [id, at]),
        [
          [0, plain.workerId],
          [1, plain.workerId],
        ],
      )
      assert.equal((await ask(plain, 'GET', '/connectors/none/progress')).status, 404)
    })
  })

  it('keeps admin endpoints to listeners of their own, or to itself', async () => {
    const apart = await worker({
      'admin.listeners': 'http://127.0.0.1:0',
      listeners: 'http://127.0.0.1:0,http://127.0.0.1:0',
    })
    assert.equal((await get(`${apart.restUrl}/admin/loggers`)).status, 404)
    const [admin] = apart.adminUrls
    assert.equal((await get(`${admin}/admin/loggers/root`)).status, 200)
    assert.equal((await get(`${admin}/connectors`)).status, 404)
    await lab.stop(apart)
    const off = await worker({ 'admin.listeners': '' })
    assert.equal((await get(`${off.restUrl}/admin/loggers`)).status, 404)
    await lab.stop(off)
  })

  it('asks for a user and password where the basic authentication extension is named', async () => {
    const users = join(folder, 'users.properties')
    const jaas = join(folder, 'jaas.conf')
    await writeFile(users, 'ada=love lace:1\n')
    await writeFile(
      jaas,
      `KafkaConnect {\n  org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n  file="${users}";\n};\n`,
    )
    const classes = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    for (const props of [{ 'rest.basic.auth.file': users }, { 'java.security.auth.login.config': jaas }]) {
      const guarded = await worker({ 'rest.extension.classes': classes, ...(props as Props) })
      for (const headers of [{}, basic('ada:wrong'), basic('bob:love lace:1'), { authorization: 'Bearer x' }]) {
        const refused = await get(`${guarded.restUrl}/connectors`, headers as Record<string, string>)
        assert.deepEqual([refused.status, await refused.text()], [401, 'User cannot access the resource.'])
        assert.equal(refused.headers.get('www-authenticate'), null)
      }
      assert.equal((await get(`${guarded.restUrl}/connectors`, basic('ada:love lace:1'))).status, 200)
      const internal = await ask(guarded, 'POST', '/connectors/x/tasks', '[]')
      assert.equal(internal.status, 400, 'signed requests of workers pass')
      await lab.stop(guarded)
    }
  })

  it('serves HTTPS to clients with a certificate of its authority, from PEM and Java stores', async () => {
    const [ca, cert, key, serverCert, serverKey] = await Promise.all(
      ['ca.pem', 'client.pem', 'client.key', 'server.pem', 'server.key'].map((file) =>
        readFile(join(TLS, file), 'utf8'),
      ),
    )
    const stores: readonly Props[] = [
      { ...PEM, 'ssl.keystore.key': serverKey!, 'ssl.keystore.certificate.chain': serverCert! },
      {
        'ssl.keystore.location': join(TLS, 'server.p12'),
        'ssl.keystore.password': 'changeit',
        'ssl.truststore.location': join(TLS, 'truststore.jks'),
        'ssl.truststore.password': 'changeit',
      },
    ]
    for (const store of stores) {
      const secure = await worker({
        listeners: 'https://127.0.0.1:0',
        'listeners.https.ssl.client.auth': 'required',
        ...Object.fromEntries(Object.entries(store).map(([name, value]) => [`listeners.https.${name}`, value])),
      })
      assert.match(secure.restUrl, /^https:/)
      const status = (client: object): Promise<number> =>
        new Promise((resolve, reject) => {
          httpsRequest(`${secure.restUrl}/connectors`, { ca, agent: false, ...client }, (incoming) => {
            incoming.resume()
            resolve(incoming.statusCode!)
          })
            .on('error', reject)
            .end()
        })
      assert.equal(await status({ cert, key }), 200)
      await assert.rejects(status({}))
      await lab.stop(secure)
    }
  })

  it('says what is wrong with a key store, and how to mend it', async () => {
    const refused = (props: Props, message: RegExp) =>
      assert.rejects(worker({ listeners: 'https://127.0.0.1:0', ...props }), message)
    await refused({}, /an https listener needs a certificate: set listeners\.https\.ssl\.keystore\.location/)
    await refused({ 'ssl.keystore.location': join(folder, 'none.p12') }, /cannot read .*none\.p12/)
    await refused(
      {
        'listeners.https.ssl.keystore.location': join(TLS, 'server.p12'),
        'listeners.https.ssl.keystore.password': 'wrong',
      },
      /server\.p12 does not open with listeners\.https\.ssl\.keystore\.password/,
    )
  })

  it('says what a request waited for when its time is over', async () => {
    const hasty = await worker({ 'rest.request.timeout.ms': '1500' })
    assert.equal((await ask(hasty, 'GET', '/health')).status, 200)
    await lab.stopKafka()
    const config = { 'connector.class': 'test.ProbeConnector', 'tasks.max': '1' }
    const { status, body } = await ask(hasty, 'PUT', '/connectors/late/config', config)
    assert.equal(status, 500)
    assert.match(
      (body as { message: string }).message,
      /^Request timed out\. The worker is currently (writing a config for connector late to the config topic|ensuring membership in the cluster), which began at \d{4}-\d\d-\d\dT[\d:.]+Z\.$/,
    )
    await lab.startKafka()
  })
})

interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly operationId: string
            readonly parameters: readonly { readonly name: string; readonly in: string }[]
            readonly responses: Readonly<
              Record<
                string,
                { readonly content?: { readonly 'application/json': { readonly schema: { readonly $ref: string } } } }
              >
            >
          }
        >
      >
    >
  >
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

const object = (required: readonly string[], properties: object, more: object = {}) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
  ...more,
})
const CONTENT = {
  type: 'object',
  additionalProperties: object(['schema'], { schema: { type: ['object', 'boolean'] } }),
}
const VERBS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
/** The structure of OpenAPI 3.1 as far as the document uses it; nothing else may be in it. */
const META = object(['openapi', 'info', 'paths'], {
  openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
  info: object(['title', 'version'], {
    title: { type: 'string' },
    summary: { type: 'string' },
    version: { type: 'string' },
    license: object(['name'], { name: { type: 'string' }, identifier: { type: 'string' } }),
  }),
  paths: {
    type: 'object',
    propertyNames: { pattern: '^/' },
    additionalProperties: {
      type: 'object',
      propertyNames: { enum: VERBS },
      additionalProperties: object(
        ['responses'],
        {
          operationId: { type: 'string' },
          summary: { type: 'string' },
          parameters: {
            type: 'array',
            items: object(
              ['name', 'in', 'schema'],
              {
                name: { type: 'string' },
                in: { enum: ['query', 'path', 'header', 'cookie'] },
                required: { type: 'boolean' },
                description: { type: 'string' },
                schema: { type: 'object' },
              },
              { if: { properties: { in: { const: 'path' } } }, then: { required: ['required'] } },
            ),
          },
          requestBody: object(['content'], { content: CONTENT, required: { type: 'boolean' } }),
          responses: {
            type: 'object',
            propertyNames: { pattern: '^([1-5]\\d\\d|default)$' },
            minProperties: 1,
            additionalProperties: object(['description'], { description: { type: 'string' }, content: CONTENT }),
          },
        },
        { patternProperties: { '^x-': {} } },
      ),
    },
  },
  components: object([], {
    schemas: {
      type: 'object',
      propertyNames: { pattern: '^[a-zA-Z0-9._-]+$' },
      additionalProperties: { $ref: 'https://json-schema.org/draft/2020-12/schema' },
    },
  }),
})
