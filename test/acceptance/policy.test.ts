import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const POLICY = 'connector.client.config.override.policy'
const JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";'

describe('ConnectorClientPolicyIntegrationTest', { timeout: 600_000 }, () => {
  const config = (cluster: ConnectCluster, overrides: Props): Props => ({
    'connector.class': 'MonitorableSinkConnector',
    'tasks.max': '1',
    topics: cluster.name('topic'),
    ...overrides,
  })

  async function refused(policy: string, overrides: Props, ...keys: readonly string[]): Promise<void> {
    await using cluster = await startConnectCluster({ workerProps: { [POLICY]: policy } })
    const name = cluster.name('sink')
    const { status, body } = await cluster.ask<{ message: string }>('PUT', `/connectors/${name}/config`, {
      ...config(cluster, overrides),
    })
    assert.equal(status, 400)
    for (const key of keys)
      assert.ok(
        body.message.includes(
          `The '${policy}' policy does not allow '${key}' to be overridden in the connector configuration.`,
        ),
        body.message,
      )
    assert.equal((await cluster.ask('GET', `/connectors/${name}`)).status, 404)
  }

  async function runs(policy: string | undefined, overrides: Props): Promise<void> {
    const workerProps = policy === undefined ? {} : { [POLICY]: policy }
    await using cluster = await startConnectCluster({ workerProps })
    const name = cluster.name('sink')
    await cluster.createTopic('topic')
    await cluster.configure(name, config(cluster, overrides))
    await cluster.running(name, 1)
  }

  test('P1 testCreateWithOverridesForNonePolicy: no setting may be overridden', async () => {
    await refused('None', { 'consumer.override.sasl.jaas.config': JAAS }, 'sasl.jaas.config')
  })

  test('P2 testCreateWithNotAllowedOverridesForPrincipalPolicy: one that is not of the principal spoils all', async () => {
    const overrides = { 'consumer.override.sasl.jaas.config': JAAS, 'consumer.override.max.poll.records': '10' }
    await refused('Principal', overrides, 'max.poll.records')
  })

  test('P3 testCreateWithAllowedOverridesForPrincipalPolicy: another security protocol is', async () => {
    await runs('Principal', { 'consumer.override.security.protocol': 'PLAINTEXT' })
  })

  test('P4 testCreateWithAllowedOverridesForAllPolicy: everything is', async () => {
    await runs('All', { 'consumer.override.client.id': 'test', 'consumer.override.max.poll.records': '10' })
  })

  test('P5 testCreateWithNoAllowedOverridesForNonePolicy: nothing to refuse', async () => {
    await runs('None', {})
  })

  test('P6 testCreateWithAllowedOverridesForDefaultPolicy: which is All', async () => {
    await runs(undefined, { 'consumer.override.client.id': 'test' })
  })

  test('the Allowlist policy (KIP-1188) allows what it lists', async () => {
    await using cluster = await startConnectCluster({
      workerProps: { [POLICY]: 'Allowlist', 'connector.client.config.override.allowlist': 'max.poll.records' },
    })
    const name = cluster.name('sink')
    const put = async (overrides: Props): Promise<number> =>
      (await cluster.ask('PUT', `/connectors/${name}/config`, config(cluster, overrides))).status
    assert.equal(await put({ 'consumer.override.client.id': 'x' }), 400)
    assert.equal(await put({ 'consumer.override.max.poll.records': '5' }), 201)
  })
})
