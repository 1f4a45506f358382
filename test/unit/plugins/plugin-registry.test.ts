import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { definePlugin, configDef, errorCode } from '../../../runtime/api/index.ts'
import type { Logger, Plugin, Predicate } from '../../../runtime/api/index.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from './silent-logger.ts'

let folder = ''

async function plugin(name: string, source: string | undefined): Promise<void> {
  const home = join(folder, 'plugins', name)
  await mkdir(home, { recursive: true })
  await writeFile(
    join(home, 'package.json'),
    JSON.stringify({ name, type: 'module', connect: { plugin: './index.ts' } }),
  )
  if (source !== undefined) await writeFile(join(home, 'index.ts'), source)
}

const GOOD = (className: string): string => `
  import { configDef, definePlugin } from 'naru/api'
  class Task { static className = 'T'; async start() {} async put() {} async stop() {} }
  class C { static version = '9'; static type = 'sink'; static task = Task; static configDef() { return configDef({}) }
    async start() {} async taskConfigs() { return [] } async stop() {} }
  export default definePlugin({ name: 'good', version: '9', connectors: { '${className}': C } })
`

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'naru-plugins-'))
  await writeFile(join(folder, 'package.json'), '{}')
  await plugin('a-good', GOOD('com.acme.GoodConnector'))
  await plugin('b-throws', 'throw new Error("no such library")')
  await plugin('c-no-plugin', 'export default { connectors: {} }')
  await plugin('d-missing', undefined)
  await mkdir(join(folder, 'plugins', 'e-other'))
  await writeFile(join(folder, 'plugins', 'e-other', 'package.json'), '{"name":"other"}')
})

after(() => rm(folder, { recursive: true }))

function recording(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, warn: (line) => lines.push(line), error: (line) => lines.push(line) }
  return { logger, lines }
}

describe('the plugin registry', () => {
  it('loads plugin.path folders, gives them the contract, and outlives broken ones', async () => {
    const { logger, lines } = recording()
    const registry = await PluginRegistry.load({
      pluginPath: [join(folder, 'plugins'), join(folder, 'nowhere')],
      logger,
      entry: folder,
    })
    const good = registry.connector('com.acme.GoodConnector')
    assert.equal(good.type, 'sink')
    assert.equal(good.version, '9')
    assert.match(good.specifier, /a-good\/index\.ts$/)
    assert.equal(registry.connector('Good'), good)
    assert.equal(registry.connector('GoodConnector'), good)
    assert.equal(lines.length, 4)
    assert.ok(lines.some((line) => /plugin b-throws in .* cannot be loaded: no such library/.test(line)))
    assert.ok(lines.some((line) => /plugin c-no-plugin .* its default export is not a plugin/.test(line)))
    assert.ok(lines.some((line) => /plugin d-missing/.test(line)))
    assert.ok(lines.some((line) => /plugin\.path entry .*nowhere cannot be read/.test(line)))
  })

  it('says which connectors there are and which was meant', async () => {
    const registry = await PluginRegistry.load({
      pluginPath: [join(folder, 'plugins')],
      logger: silentLogger,
      entry: folder,
    })
    assert.throws(
      () => registry.connector('com.acme.GodConnector'),
      (error: Error) => {
        assert.equal(errorCode(error), 'CONFIG')
        assert.match(
          error.message,
          /^Failed to find any class that implements Connector and which name matches com\.acme\.GodConnector, available connectors are: com\.acme\.GoodConnector\. Plugins that could not be loaded: b-throws \(no such library\), .*\. Did you mean com\.acme\.GoodConnector\?$/,
        )
        return true
      },
    )
    assert.throws(() => registry.connector('org.other.GoodConnector'), /Did you mean com\.acme\.GoodConnector\?/)
    assert.throws(
      () => registry.connector('Whatever'),
      (error: Error) => !error.message.includes('Did you mean'),
    )
  })

  it('knows the built-in classes under their Java names and short names', async () => {
    const registry = await PluginRegistry.load({ pluginPath: [], logger: silentLogger, entry: folder })
    assert.equal(registry.converter('Json'), registry.converter('org.apache.kafka.connect.json.JsonConverter'))
    assert.ok(registry.headerConverter('org.apache.kafka.connect.storage.SimpleHeaderConverter'))
    assert.ok(registry.headerConverter('StringConverter'))
    assert.ok(registry.transformation('InsertField$Value'))
    assert.ok(registry.transformation('org.apache.kafka.connect.transforms.RegexRouter'))
    assert.throws(() => registry.transformation('InsertField'), /implements Transformation/)
    assert.ok(registry.predicate('HasHeaderKey'))
    assert.ok(registry.configProvider('org.apache.kafka.common.config.provider.FileConfigProvider'))
    assert.equal(registry.has('predicate', 'Nope'), false)
    for (const { class: name, type } of registry.list()) {
      assert.ok(type !== 'source' && type !== 'sink')
      assert.ok(Object.keys(registry.definition(type, name)!.keys).length >= 0)
    }
  })

  it('drops a short name that two classes share, and keeps the first of two classes with one name', async () => {
    class Always implements Predicate {
      static configDef = () => configDef({})
      configure(): void {}
      test(): boolean {
        return true
      }
    }
    class Never extends Always {
      override test(): boolean {
        return false
      }
    }
    const { logger, lines } = recording()
    const registry = await PluginRegistry.load({
      pluginPath: [],
      logger,
      entry: folder,
      extra: [
        definePlugin({ name: 'one', version: '1', predicates: { 'a.Maybe': Always, 'a.Same': Always } }),
        definePlugin({ name: 'two', version: '1', predicates: { 'b.Maybe': Never, 'a.Same': Never } }),
      ],
    })
    assert.throws(() => registry.predicate('Maybe'))
    assert.equal(registry.predicate('b.Maybe'), Never)
    assert.equal(registry.predicate('Same'), Always)
    assert.deepEqual(lines, ['plugin two: there is a class a.Same already, the first one is used'])
  })

  it('keeps several versions of a class side by side, and uses the newest unless a range is asked for', async () => {
    const at = (version: string) => {
      class C implements Predicate {
        static configDef = () => configDef({})
        static readonly which = version
        configure(): void {}
        test(): boolean {
          return true
        }
      }
      return definePlugin({ name: `p${version}`, version, predicates: { 'a.Versioned': C } })
    }
    const registry = await PluginRegistry.load({
      pluginPath: [],
      logger: silentLogger,
      entry: folder,
      extra: [at('1.9'), at('1.10'), at('2.0-rc1'), at('1.9')],
    })
    const used = (version?: string) => (registry.predicate('Versioned', version) as { which?: string }).which
    assert.deepEqual(registry.versions('predicate', 'Versioned'), ['1.9', '1.10', '2.0-rc1'])
    assert.equal(used(), '2.0-rc1')
    assert.equal(used('latest'), '2.0-rc1')
    assert.equal(used('1.9'), '1.9')
    assert.equal(used('[1.0,2.0-alpha)'), '1.10')
    assert.throws(
      () => used('(,1.0)'),
      /^ConfigError: Plugin a\.Versioned not found that matches the version range \(,1\.0\), available versions: \[1\.9, 1\.10, 2\.0-rc1\]$/,
    )
    assert.equal(registry.list().filter((each) => each.class === 'a.Versioned').length, 3)
  })

  it('lists no class of which no object can be made, and says why to who uses it', async () => {
    class Broken implements Predicate {
      static configDef = () => configDef({})
      constructor() {
        throw new Error('no library')
      }
      configure(): void {}
      test(): boolean {
        return true
      }
    }
    const { logger, lines } = recording()
    const extra = [definePlugin({ name: 'broken', version: '1', predicates: { 'a.Broken': Broken } })]
    const registry = await PluginRegistry.load({ pluginPath: [], logger, entry: folder, extra })
    assert.equal(registry.has('predicate', 'a.Broken'), false)
    assert.match(lines.join(), /plugin broken: class a\.Broken cannot be used: .*Could not instantiate class/)
    assert.match(
      registry.fault('predicate', 'a.Broken', 'predicates.p.type')!,
      /predicates\.p\.type: Could not instantiate/,
    )
  })

  it('loads a plugin that declares its connectors when one is used', async () => {
    const loads = globalThis as { declaredLoads?: number }
    const path = join(folder, 'declared')
    const declare = async (name: string, connectors: unknown, source: string): Promise<void> => {
      await mkdir(join(path, name), { recursive: true })
      const json = { name, type: 'module', connect: { plugin: './index.ts', connectors } }
      await writeFile(join(path, name, 'package.json'), JSON.stringify(json))
      await writeFile(join(path, name, 'index.ts'), source)
    }
    const sink = { type: 'sink', version: '9' }
    const counted = `globalThis.declaredLoads = (globalThis.declaredLoads ?? 0) + 1`
    await declare('good', { 'a.Declared': sink }, `${GOOD('a.Declared')}; ${counted}`)
    await declare('newer', { 'a.Newer': { type: 'sink', version: '10' } }, GOOD('a.Newer'))
    await declare('throws', { 'a.Throws': sink }, 'throw new Error("no such library")')
    await declare('wrong', { 'a.Wrong': { type: 'sinc', version: '9' } }, GOOD('a.Wrong'))
    const { logger, lines } = recording()
    const registry = await PluginRegistry.load({ pluginPath: [path], logger, entry: folder })
    assert.deepEqual(
      registry.list().filter((each) => each.class.startsWith('a.')),
      [
        { class: 'a.Declared', type: 'sink', version: '9' },
        { class: 'a.Newer', type: 'sink', version: '10' },
        { class: 'a.Throws', type: 'sink', version: '9' },
      ],
    )
    assert.equal(registry.connector('Declared').type, 'sink')
    assert.equal(registry.version('connector', 'Declared'), '9')
    assert.equal(loads.declaredLoads, undefined, 'known without its code')
    assert.deepEqual(registry.definition('connector', 'Declared')?.keys, {})
    assert.equal(new (registry.connector('a.Declared').class)() instanceof registry.connector('a.Declared').class, true)
    assert.equal(loads.declaredLoads, 1)
    assert.throws(
      () => registry.connector('a.Newer').class,
      /has no sink a\.Newer 10, which its package\.json declares/,
    )
    assert.throws(() => registry.connector('a.Throws').class, /throws cannot be loaded: no such library/)
    assert.match(lines.join(), /a\.Wrong needs a type \(source or sink\) and a version/)
  })

  it('finds the packages that this installation has, and they hold what they declare', async () => {
    const registry = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })
    assert.equal(registry.connector('FileStreamSource').type, 'source')
    assert.equal(registry.connector('org.apache.kafka.connect.file.FileStreamSinkConnector').type, 'sink')
    for (const { class: name } of registry.list().filter(({ type }) => type === 'source' || type === 'sink'))
      assert.equal(registry.connector(name).class.version, registry.connector(name).version)
    for (const name of ['file', 'postgres', 's3']) {
      const plugin = (await import(`@naru/${name}`)) as { default: Plugin }
      const declared = registry.list().filter((each) => each.class in plugin.default.connectors!)
      assert.equal(declared.length, Object.keys(plugin.default.connectors!).length, name)
    }
  })
})
