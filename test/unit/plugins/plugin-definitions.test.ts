import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import { ConnectorValidation } from '../../../runtime/herder/connector-validation.ts'
import type { HerderParts } from '../../../runtime/herder/parts.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from './silent-logger.ts'

/** Recorded from Kafka Connect 4.3.1: GET /connector-plugins/{plugin}/config; name, type, required, default, importance and so on. */
const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/connect-4.3/plugin-configs.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly (readonly unknown[])[]>>

const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })

describe('GET /connector-plugins/{plugin}/config answers as Kafka Connect 4.3.1 for', () => {
  const validation = new ConnectorValidation({ plugins, config: WorkerConfig } as unknown as HerderParts)
  for (const [plugin, keys] of Object.entries(recorded)) {
    it(plugin, () => {
      const className = plugin.split(' ')[1]!
      const ours = validation.definition(className).map((key) => {
        assert.ok(key.documentation.length > 0)
        return [
          key.name,
          key.type,
          key.required,
          key.default_value,
          key.importance,
          key.group,
          key.order_in_group,
          key.width,
          key.display_name,
          key.dependents,
        ]
      })
      assert.deepEqual(ours, keys)
    })
  }

  it('no plugin that connectors have nothing to do with', () => {
    for (const name of ['All', 'FileConfigProvider'])
      assert.throws(() => validation.definition(name), {
        message: `Invalid plugin class ${name}. Valid types are sink, source, converter, header_converter, transformation, predicate.`,
      })
    assert.throws(() => validation.definition('no.Such'), { message: 'Unknown plugin no.Such.' })
    assert.throws(() => validation.definition('FileStreamSource', '9.9'), {
      message:
        'Plugin org.apache.kafka.connect.file.FileStreamSourceConnector not found that matches the version range [9.9,9.9], available versions: [4.3.1]',
    })
  })
})
