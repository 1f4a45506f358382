import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { definePlugin } from '../../runtime/api/index.ts'
import type { ConfigProvider } from '../../runtime/api/index.ts'
import { startConnectCluster } from '../acceptance/support/connect-cluster.ts'
import type { ConnectCluster } from '../acceptance/support/connect-cluster.ts'

/** Another value every time, good for a moment. */
class TickingProvider implements ConfigProvider {
  static asked = 0
  configure(): void {}
  async get(_path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    TickingProvider.asked++
    return Object.fromEntries(keys.map((key) => [key, `${key}-${TickingProvider.asked}`]))
  }
  ttlMs(): number {
    return 1500
  }
}

const plugin = definePlugin({
  name: 'ticking',
  version: '1',
  configProviders: { 'test.TickingProvider': TickingProvider },
})

describe('values of config providers that expire', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({
      plugins: [plugin],
      workerProps: { 'config.providers': 'tick', 'config.providers.tick.class': 'test.TickingProvider' },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('restart the connector and its tasks, unless the connector says none', async () => {
    const config = (topic: string) => ({
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': '1',
      topic,
      throughput: '10',
      secret: '${tick::password}',
    })
    const [restarted, stays] = [cluster.name('restarted'), cluster.name('stays')]
    await cluster.configure(stays, { ...config(cluster.name('b')), 'config.action.reload': 'none' })
    await cluster.running(stays, 1)
    const before = cluster.connector(stays).counts
    await cluster.configure(restarted, config(cluster.name('a')))
    await cluster.connector(restarted).awaitStarts(2)
    await cluster.connector(restarted).task(0).awaitStarts(2)
    assert.equal(cluster.connector(stays).counts.starts, before.starts)
    const { body } = await cluster.ask<{ secret: string }>('GET', `/connectors/${restarted}/config`)
    assert.equal(body.secret, '${tick::password}')
  })
})
