import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

/** A plugin whose parts all write their version into what passes through them. Every version has a key of its own, `from.VERSION`. */
function pluginSource(version: string): string {
  return `
import { configDef, definePlugin, schema } from 'naru/api'

const own = configDef({ 'from.${version}': { type: 'STRING', default: '-', importance: 'LOW', documentation: 'Of this version alone' } })
const version = '${version}'

class Task {
  #topic
  #sent = false
  async start(props) { this.#topic = props.topic }
  async poll(signal) {
    if (this.#sent) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      return []
    }
    this.#sent = true
    return [{ topic: this.#topic, partition: undefined, keySchema: undefined, key: null, valueSchema: schema.string(), value: 'task ' + version,
      timestamp: undefined, headers: [], sourcePartition: {}, sourceOffset: { sent: true } }]
  }
  async stop() {}
}
class Connector {
  static version = version
  static type = 'source'
  static task = Task
  static configDef() { return own }
  #props
  async start(props) { this.#props = props }
  async taskConfigs() { return [this.#props] }
  async stop() {}
}
class Transform {
  static version = version
  static configDef() { return own }
  configure() {}
  apply(record) { return { ...record, value: record.value + ', transform ' + version } }
  close() {}
}
class StringIn {
  static version = version
  static configDef() { return own }
  configure() {}
  fromConnectData(topic, of, value) { return value === null ? null : Buffer.from(value + ', converter ' + version) }
  toConnectData(topic, bytes) { return { schema: schema.string(), value: bytes === null ? null : Buffer.from(bytes).toString() } }
}
export default definePlugin({
  name: 'versioned', version,
  connectors: { 'com.acme.VersionedConnector': Connector },
  transformations: { 'com.acme.VersionedTransform': Transform },
  converters: { 'com.acme.VersionedConverter': StringIn },
})
`
}

/** What GET /connectors/{name}/status says of versions. */
interface Versions {
  readonly connector: { readonly version: string }
  readonly tasks: readonly { readonly version: string }[]
}

const VERSIONS = ['1.0.0', '1.5.0', '2.0.0']

/** KIP-891: several versions of a plugin beside each other, chosen by configs. */
describe('versions of a plugin side by side', () => {
  let folder: string
  let cluster: ConnectCluster
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'naru-versions-'))
    for (const version of VERSIONS) {
      const home = join(folder, `versioned-${version}`)
      await mkdir(home)
      await writeFile(
        join(home, 'package.json'),
        JSON.stringify({ name: 'versioned', version, type: 'module', connect: { plugin: './index.js' } }),
      )
      await writeFile(join(home, 'index.js'), pluginSource(version))
    }
    cluster = await startConnectCluster({ workerProps: { 'plugin.path': folder } })
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function config(name: string, more: Props): Promise<Props> {
    return {
      'connector.class': 'com.acme.VersionedConnector',
      'tasks.max': '1',
      topic: await cluster.createTopic(`of-${name}`),
      transforms: 'mark',
      'transforms.mark.type': 'com.acme.VersionedTransform',
      'value.converter': 'com.acme.VersionedConverter',
      ...more,
    }
  }

  async function written(name: string, more: Props): Promise<string | null> {
    const props = await config(name, more)
    await cluster.configure(cluster.name(name), props)
    const [record] = await cluster.kafka.consume(props['topic']!, 1)
    return record!.value
  }

  test('without a version the newest of each runs', async () => {
    assert.equal(await written('newest', {}), 'task 2.0.0, transform 2.0.0, converter 2.0.0')
    await cluster.running(cluster.name('newest'), 1)
    const { body } = await cluster.ask<Versions>('GET', `/connectors/${cluster.name('newest')}/status`)
    assert.deepEqual([body.connector.version, body.tasks[0]?.version], ['2.0.0', '2.0.0'])
  })

  test('each part runs in the version, or the newest of the range, that the config names', async () => {
    const value = await written('chosen', {
      'connector.plugin.version': '[1.5.0]',
      'transforms.mark.plugin.version': '[1.0.0,2.0.0)',
      'value.converter.plugin.version': '[1.0.0]',
    })
    assert.equal(value, 'task 1.5.0, transform 1.5.0, converter 1.0.0')
    await cluster.running(cluster.name('chosen'), 1)
    const { body } = await cluster.ask<Versions>('GET', `/connectors/${cluster.name('chosen')}/status`)
    assert.deepEqual([body.connector.version, body.tasks[0]?.version], ['1.5.0', '1.5.0'])
  })

  test('another version in the config restarts the connector with it', async () => {
    const name = cluster.name('moved')
    const props = await config('moved', { 'connector.plugin.version': '[1.0.0]', transforms: '' })
    await cluster.configure(name, props)
    assert.match((await cluster.kafka.consume(props['topic']!, 1))[0]!.value!, /^task 1\.0\.0/)
    await cluster.configure(name, { ...props, 'connector.plugin.version': '[1.5.0]' })
    await until('the other version has written', async () => {
      const records = await cluster.kafka.contents(props['topic']!)
      return records.some(({ value }) => value?.startsWith('task 1.5.0') === true) || records.map(({ value }) => value)
    })
  })

  test('a version that is not installed is refused, and those that are are named', async () => {
    for (const [key, value] of [
      ['connector.plugin.version', '[3.0.0]'],
      ['transforms.mark.plugin.version', '[3.0.0]'],
      ['value.converter.plugin.version', '[3.0.0]'],
    ] as const) {
      const props = await config('refused', { [key]: value })
      const { status, body } = await cluster.ask<{ message: string }>(
        'PUT',
        `/connectors/${cluster.name('refused')}/config`,
        props,
      )
      assert.equal(status, 400, key)
      for (const version of VERSIONS) assert.ok(body.message.includes(version), `${key}: ${body.message}`)
    }
  })

  test('the plugins are listed in every version, and each has its own definition', async () => {
    const { body: all } = await cluster.ask<{ class: string; version: string; type: string }[]>(
      'GET',
      '/connector-plugins?connectorsOnly=false',
    )
    for (const part of ['VersionedConnector', 'VersionedTransform', 'VersionedConverter'])
      assert.deepEqual(
        new Set(all.filter((each) => each.class === `com.acme.${part}`).map(({ version }) => version)),
        new Set(VERSIONS),
        part,
      )
    for (const [query, version] of [
      ['', '2.0.0'],
      ['?version=1.0.0', '1.0.0'],
      ['?version=[1.0.0,2.0.0)', '1.5.0'],
    ] as const) {
      const { body } = await cluster.ask<{ name: string }[]>(
        'GET',
        `/connector-plugins/com.acme.VersionedConnector/config${query}`,
      )
      assert.ok(
        body.some(({ name }) => name === `from.${version}`),
        `${query}: ${body.map(({ name }) => name).join()}`,
      )
    }
  })
})
