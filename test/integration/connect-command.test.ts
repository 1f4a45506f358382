import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from '../acceptance/support/connect-cluster.ts'
import type { ConnectCluster } from '../acceptance/support/connect-cluster.ts'
import { NaruProcess } from '../support/naru-process.ts'

describe('naru connect', () => {
  let there: ConnectCluster
  let here: ConnectCluster
  before(async () => {
    there = await startConnectCluster()
    here = await startConnectCluster({ ownKafka: true })
  })
  after(() => Promise.all([here[Symbol.asyncDispose](), there[Symbol.asyncDispose]()]))

  async function naru(
    ...args: readonly string[]
  ): Promise<{ code: number | string; lines: readonly string[]; output: string }> {
    await using command = new NaruProcess(['connect', ...args])
    const code = await command.end()
    return {
      code,
      output: command.output,
      lines: command.output
        .trim()
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, ' | ')),
    }
  }

  const imports = (...more: readonly string[]) =>
    naru('import', '--from', there.worker.url, '--to', `${here.worker.url}/`, ...more)

  const counter = (topic: string, more = {}) => ({
    'connector.class': 'MonitorableSourceConnector',
    topic,
    'max.messages': '10',
    ...more,
  })

  test('import takes connectors over with config, state and offsets, tells what it would do before, and can be repeated', async () => {
    const [running, stopped, missing] = [there.name('a-running'), there.name('b-stopped'), there.name('c-missing')]
    const topic = await there.createTopic('imported')
    await here.kafka.createTopic(topic)
    await there.configure(running, counter(topic))
    await there.kafka.consume(topic, 10)
    await there.connector(running).awaitCommits(10)
    await there.create(stopped, counter(topic), 'STOPPED')
    await there.create(missing, { ...counter(topic), transforms: 'x', 'transforms.x.type': 'Filter' }, 'STOPPED')

    const plan = await imports('--dry-run', '--move', '--only', `${running},${stopped}`)
    assert.equal(plan.code, 0, plan.output)
    assert.deepEqual(plan.lines.slice(1), [
      `${running} | RUNNING | would be made RUNNING | 1 offset`,
      `${stopped} | STOPPED | would be made STOPPED | 0 offsets`,
    ])
    assert.deepEqual((await here.ask('GET', '/connectors')).body, [])

    // Without --move what runs there is only prepared here.
    const prepared = await imports('--only', running)
    assert.match(
      prepared.lines[1]!,
      /\| RUNNING \| made STOPPED \| 1 offset set \| it runs there, so it stays STOPPED here/,
    )
    const again = await imports('--only', running)
    assert.match(again.lines[1]!, /\| RUNNING \| STOPPED already \| equal \| it runs there/)

    const moved = await imports('--move', '--only', `${running},${stopped}`)
    assert.equal(moved.code, 0, moved.output)
    assert.deepEqual(moved.lines.slice(1), [
      `${running} | RUNNING | RUNNING | equal`,
      `${stopped} | STOPPED | made STOPPED | none`,
    ])
    await there.inState(running, 'STOPPED', 0)
    await here.running(running, 1)
    // It goes on behind the tenth of ten records: nothing comes here.
    const { body } = await here.ask('GET', `/connectors/${running}/offsets`)
    assert.deepEqual(body, { offsets: [{ partition: { 'task.id': `${running}-0` }, offset: { saved: 10 } }] })
    const more = counter(topic, { 'max.messages': '12' })
    await here.configure(running, more)
    const values = (await here.kafka.consume(topic, 2)).map(({ value }) => value)
    assert.deepEqual(values, [`value-${running}-0-11`, `value-${running}-0-12`])

    const third = await imports('--move', '--only', running)
    assert.match(third.lines[1]!, /\| STOPPED \| refused \| another config is here, by max\.messages/)
    assert.equal(third.code, 1)
  })

  test('import leaves a connector STOPPED here, and as it is there, when its cluster cannot tell its offsets', async () => {
    const name = there.name('old')
    await there.configure(name, counter(await there.createTopic('old')))
    await there.running(name, 1)
    await using old = await connectBefore35(there.worker.url)
    const from = ['import', '--from', old.url, '--to', here.worker.url, '--only', name, '--move'] as const
    const note =
      / \| its cluster cannot tell offsets \(Kafka Connect before 3\.5\), without which it would begin anew: /
    const plan = await naru(...from, '--dry-run')
    assert.match(plan.lines[1]!, /\| RUNNING \| would be made STOPPED \| its/)
    assert.match(plan.lines[1]!, note)
    const made = await naru(...from)
    assert.equal(made.code, 0, made.output)
    assert.match(made.lines[1]!, /\| RUNNING \| made STOPPED \| its/)
    await here.inState(name, 'STOPPED', 0)
    await there.running(name, 1)
  })

  test('import says what a connector lacks here', async () => {
    const name = there.name('lacking')
    await there.create(name, counter(await there.createTopic('lacking')), 'STOPPED')
    await using poor = await startConnectCluster({ ownKafka: true, workerProps: { 'plugin.path': '' } })
    const { code, lines } = await naru('import', '--from', there.worker.url, '--to', poor.worker.url, '--only', name)
    assert.equal(code, 1)
    assert.equal(
      lines[1],
      `${name} | STOPPED | refused | there is no plugin MonitorableSourceConnector here: put it into plugin.path`,
    )
  })

  test('list and status show what runs, and why something failed', async () => {
    const name = there.name('failing')
    const config = { 'connector.class': 'MonitorableSourceConnector', [`task-${name}-0.start.inject.error`]: 'true' }
    await there.configure(name, config)
    await there.inState(name, 'RUNNING', 1, 'FAILED')
    const list = await naru('list', '--url', there.worker.url)
    assert.ok(list.lines.includes(`${name} | source | RUNNING | 1 FAILED`), list.output)
    const status = await naru('status', name, '--url', there.worker.url)
    assert.match(status.lines[2]!, /-0 \| FAILED \| [\w.:]+ \| Error: Injecting errors during task start$/)
    const unknown = await naru('status', 'nobody', '--url', there.worker.url)
    assert.deepEqual([unknown.code, unknown.output], [2, `naru: there is no connector nobody at ${there.worker.url}\n`])
    assert.match(
      (await naru('list', '--url', 'http://127.0.0.1:1')).output,
      /^naru: http:\/\/127\.0\.0\.1:1 cannot be asked: /,
    )
  })
})

/** The cluster at `url` as one that does not know the endpoints which came with Kafka Connect 3.5. */
async function connectBefore35(url: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    void (async () => {
      if (/\/(offsets|stop)$/.test(request.url!)) {
        response.writeHead(404, { 'content-type': 'application/json' })
        response.end('{"error_code":404,"message":"HTTP 404 Not Found"}')
        return
      }
      const body = Buffer.concat(await request.toArray())
      const answer = await fetch(url + request.url!, {
        method: request.method!,
        headers: { 'content-type': 'application/json' },
        body: body.length > 0 ? body : null,
      })
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(await answer.text())
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
