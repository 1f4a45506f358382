import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { checkConverters } from '../../../runtime/plugins/worker-converters.ts'
import { silentLogger } from './silent-logger.ts'

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })

const check = (props: Readonly<Record<string, string>>): void =>
  checkConverters(
    WorkerConfig.parse({
      'bootstrap.servers': 'localhost:9092',
      'offset.storage.file.filename': 'offsets',
      'key.converter': JSON_CONVERTER,
      'value.converter': JSON_CONVERTER,
      ...props,
    }),
    plugins,
  )

describe("a worker's converters", () => {
  it('are plugins, by their full names or short', () => {
    check({})
    check({
      'key.converter': 'StringConverter',
      'header.converter': 'org.apache.kafka.connect.storage.StringConverter',
    })
  })

  for (const key of ['key.converter', 'value.converter', 'header.converter'])
    it(`${key} that is none is refused as by Kafka Connect, with what to do`, () => {
      assert.throws(() => check({ [key]: 'com.example.Missing' }), {
        message: `Invalid value com.example.Missing for configuration ${key}: Class com.example.Missing could not be found. Correct ${key}, or add the plugin that brings it to plugin.path (plugin.path is empty).`,
      })
    })

  it('that are misspelt or of another kind are told apart', () => {
    assert.throws(
      () => check({ 'value.converter': 'org.apache.kafka.connect.json.JsonConvertor', 'plugin.path': '/opt/a,/opt/b' }),
      /could not be found\. Did you mean org\.apache\.kafka\.connect\.json\.JsonConverter\? Correct .* \(plugin\.path is \/opt\/a, \/opt\/b\)\./,
    )
    assert.throws(
      () => check({ 'value.converter': 'org.apache.kafka.connect.transforms.Cast$Value' }),
      /does not implement the Converter interface/,
    )
  })
})
