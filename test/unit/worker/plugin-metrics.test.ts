import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { pluginSamples } from '../../../runtime/worker/plugin-metrics.ts'
import { silentLogger } from '../plugins/silent-logger.ts'

describe('the metrics of a task about its plugins', () => {
  it('name classes and versions under the groups of Connect', async () => {
    const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })
    const config = WorkerConfig.parse({
      'bootstrap.servers': 'localhost:9092',
      'group.id': 'g',
      'config.storage.topic': 'c',
      'offset.storage.topic': 'o',
      'status.storage.topic': 's',
      'key.converter': 'String',
      'value.converter': 'Json',
    })
    const props = {
      'connector.class': 'FileStreamSource',
      transforms: 'route',
      'transforms.route.type': 'RegexRouter',
      'transforms.route.predicate': 'named',
      predicates: 'named',
      'predicates.named.type': 'TopicNameMatches',
    }
    const samples = pluginSamples({ connector: 'c', task: 0, props }, plugins, config)
    const texts = samples.map(({ name, labels }) => {
      const { connector, task, ...rest } = labels
      assert.deepEqual([connector, task], ['c', '0'])
      return `${name.replace('kafka_connect_', '')} ${Object.values(rest).join(' ')}`
    })
    assert.deepEqual(texts, [
      'connector_task_metrics_connector_class org.apache.kafka.connect.file.FileStreamSourceConnector',
      'connector_task_metrics_connector_version 4.3.1',
      'connector_task_metrics_connector_type source',
      `connector_task_metrics_task_class ${plugins.connectorOf(props).class.task.className}`,
      'connector_task_metrics_task_version 4.3.1',
      'connector_task_metrics_key_converter_class org.apache.kafka.connect.storage.StringConverter',
      'connector_task_metrics_key_converter_version 4.3.1',
      'connector_task_metrics_value_converter_class org.apache.kafka.connect.json.JsonConverter',
      'connector_task_metrics_value_converter_version 4.3.1',
      'connector_task_metrics_header_converter_class org.apache.kafka.connect.storage.SimpleHeaderConverter',
      'connector_task_metrics_header_converter_version 4.3.1',
      'connector_transform_metrics_transform_class route org.apache.kafka.connect.transforms.RegexRouter',
      'connector_transform_metrics_transform_version route 4.3.1',
      'connector_predicate_metrics_predicate_class named org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
      'connector_predicate_metrics_predicate_version named 4.3.1',
    ])
    assert.deepEqual(
      pluginSamples({ connector: 'c', task: 0, props: { 'connector.class': 'no.Such' } }, plugins, config).length,
      6,
    )
  })
})
