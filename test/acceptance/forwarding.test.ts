import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ClusterWorker, ConnectCluster, Reply } from './support/connect-cluster.ts'

const SINK = { 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '1', topics: 'forwarded' }
const BASIC = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
const KNOWN = { Authorization: `Basic ${Buffer.from('ann:s3cret').toString('base64')}` }

interface Listed {
  readonly worker_id: string
  readonly leader: boolean
}

/** Until all workers are in one group; the one that leads it, and another. */
async function leaderAndFollower(
  cluster: ConnectCluster,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly leader: ClusterWorker; readonly follower: ClusterWorker }> {
  let leading: string | undefined
  await until('all workers are in one group', async () => {
    const { body } = await cluster.ask<readonly Listed[]>('GET', '/workers', undefined, { headers })
    leading = body.find((each) => each.leader)?.worker_id
    return (body.length === cluster.workers.length && leading !== undefined) || body
  })
  const leader = cluster.workers.find(({ workerId }) => workerId === leading)!
  return { leader, follower: cluster.workers.find((worker) => worker !== leader)! }
}

describe('requests that a follower passes on', () => {
  let folder: string
  let cluster: ConnectCluster
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'naru-forwarding-'))
    await writeFile(join(folder, 'users.properties'), 'ann=s3cret\n')
    cluster = await startConnectCluster({
      workers: 2,
      plugins: [testConnectors],
      workerProps: {
        'plugin.path': '',
        'rest.extension.classes': BASIC,
        'rest.basic.auth.file': join(folder, 'users.properties'),
      },
    })
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('every method: status, Location and body are those of the leader, who takes them only with the credentials they came with', async () => {
    const { leader, follower } = await leaderAndFollower(cluster, KNOWN)
    const name = cluster.name('forwarded')
    const path = `/connectors/${encodeURIComponent(name)}`
    /** What each answers: state and times of work that is under way are left out. */
    const answers = async (worker: ClusterWorker): Promise<readonly unknown[]> => {
      const seen: unknown[] = []
      const ask = async (method: string, to: string, body?: unknown): Promise<void> => {
        const reply = await worker.ask(method, to, body, { headers: KNOWN })
        seen.push({ method, to, status: reply.status, location: reply.headers.get('location'), body: reply.body })
      }
      const stopped = async (): Promise<void> => {
        await until('the connector and its tasks have stopped', async () => {
          const { body } = await worker.ask<{ connector?: { state: string }; tasks?: unknown[] }>(
            'GET',
            `${path}/status`,
            undefined,
            { headers: KNOWN },
          )
          return (body.connector?.state === 'STOPPED' && body.tasks?.length === 0) || body
        })
      }
      await ask('POST', '/connectors', { name, config: SINK, initial_state: 'STOPPED' })
      await ask('POST', '/connectors', { name, config: SINK })
      await ask('POST', '/connectors', { name: 'odd', config: { ...SINK, 'tasks.max': 'many' } })
      await ask('PUT', `${path}/config`, { ...SINK, 'tasks.max': '2' })
      await ask('PUT', `${path}/config`, { ...SINK, 'connector.class': 'NoSuchConnector' })
      await ask('PATCH', `${path}/config`, { 'tasks.max': null, added: 'later' })
      await ask('PATCH', '/connectors/nobody/config', { added: 'later' })
      await ask('POST', '/connectors/nobody/restart?includeTasks=true')
      await ask('PUT', '/connectors/nobody/pause')
      await stopped()
      await ask('PATCH', `${path}/offsets`, {
        offsets: [{ partition: { kafka_topic: 'forwarded', kafka_partition: 0 }, offset: { kafka_offset: 'x' } }],
      })
      await ask('DELETE', '/connectors/nobody/offsets')
      await ask('DELETE', '/connectors/nobody')
      await ask('DELETE', path)
      await until('it is gone', async () => {
        const { status } = await worker.ask('GET', `${path}/status`, undefined, { headers: KNOWN })
        return status === 404 || status
      })
      return seen
    }
    const [direct, forwarded] = [await answers(leader), await answers(follower)]
    assert.deepEqual(forwarded, direct)
    const statuses = (direct as { status: number }[]).map(({ status }) => status)
    assert.deepEqual(statuses, [201, 409, 400, 200, 400, 200, 404, 404, 404, 400, 404, 404, 204])
  })

  test('without credentials nothing is passed on', async () => {
    const { follower } = await leaderAndFollower(cluster, KNOWN)
    const name = cluster.name('secret')
    const refused = await follower.ask('POST', '/connectors', { name, config: SINK })
    assert.deepEqual([refused.status, refused.body], [401, 'User cannot access the resource.'])
    const known = await follower.ask<string[]>('GET', '/connectors', undefined, { headers: KNOWN })
    assert.deepEqual([known.status, known.body.includes(name)], [200, false])
  })
})

for (const protocol of ['eager', 'sessioned'])
  describe(`requests during rebalances, connect.protocol=${protocol}`, () => {
    let cluster: ConnectCluster
    before(async () => {
      cluster = await startConnectCluster({
        workers: 3,
        plugins: [testConnectors],
        workerProps: { 'plugin.path': '', 'connect.protocol': protocol },
      })
    })
    after(() => cluster[Symbol.asyncDispose]())

    test('they wait for the end of it: none is refused while workers come, go, and the leader leaves', async () => {
      const { leader, follower } = await leaderAndFollower(cluster)
      const replies: { readonly request: string; readonly status: number; readonly body: unknown }[] = []
      let busy = true
      const changing = async (label: string): Promise<void> => {
        for (let round = 0; busy; round++) {
          const name = cluster.name(`${label}-${round}`)
          const path = `/connectors/${encodeURIComponent(name)}`
          const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
            ['POST', '/connectors', { name, config: SINK }],
            ['PUT', `${path}/config`, { ...SINK, 'tasks.max': '2' }],
            ['PATCH', `${path}/config`, { 'tasks.max': '1' }],
            ['GET', `${path}/config`],
            ['PUT', `${path}/pause`],
            ['GET', '/connectors?expand=status'],
            ['DELETE', path],
          ]
          for (const [method, to, body] of requests) {
            const { status, body: answer }: Reply = await follower.ask(method, to, body)
            replies.push({ request: `${method} ${to}`, status, body: answer })
          }
        }
      }
      const clients = Promise.all(['a', 'b'].map(changing))
      const rebalanced = async (workers: number): Promise<void> =>
        await until(`the group has ${workers} workers, and took changes since`, async () => {
          const { body } = await follower.ask<readonly Listed[]>('GET', '/workers')
          return (body.length === workers && body.some((each) => each.leader)) || body
        })
      try {
        const fourth = await cluster.addWorker()
        await rebalanced(4)
        await cluster.removeWorker(fourth)
        await rebalanced(3)
        await cluster.removeWorker(leader)
        await rebalanced(2)
      } finally {
        busy = false
        await clients
      }
      assert.ok(replies.length >= 14, `only ${replies.length} requests were answered`)
      assert.deepEqual(
        replies.filter(({ status }) => status >= 300),
        [],
      )
    })
  })
