import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInfos, Props } from '../../../runtime/api/index.ts'
import { configDef } from '../../../runtime/api/index.ts'
import { invalidConfigMessage, mergeConfigInfos, unknownKeyHints } from '../../../runtime/config/config-infos.ts'
import {
  converterSpec,
  parseSinkConfig,
  taskIsolation,
  transformSpecs,
} from '../../../runtime/config/connector-config.ts'
import { sourceConnectorDef } from '../../../runtime/config/source-connector-keys.ts'
import { topicCreationGroups } from '../../../runtime/config/topic-creation-config.ts'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'

const SOURCE = { name: 's', 'connector.class': 'FileStreamSource' }

describe('what is said about a connector configuration', () => {
  it('gives one message for a create request', () => {
    const def = configDef({ ...sourceConnectorDef.keys })
    const infos = (props: Props): ConfigInfos => mergeConfigInfos('x', [{ def, values: def.validate(props) }])
    assert.equal(invalidConfigMessage(infos(SOURCE)), undefined)
    assert.equal(
      invalidConfigMessage(infos({ ...SOURCE, 'tasks.max': '0' })),
      'Connector configuration is invalid and contains the following 1 error(s):\nInvalid value 0 for configuration tasks.max: Value must be at least 1\n' +
        'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
    )
  })

  it('hints at misspelt keys without calling them errors', () => {
    const own = configDef({ 'flush.size': { type: 'INT', importance: 'HIGH', documentation: '' } })
    const props = { ...SOURCE, 'task.max': '1', 'flush.sze': '3', 'entirely.else': '', 'producer.override.x': '' }
    assert.deepEqual(unknownKeyHints(props, sourceConnectorDef, own), [
      { key: 'task.max', suggestion: 'tasks.max' },
      { key: 'flush.sze', suggestion: 'flush.size' },
    ])
  })
})

describe('typed access', () => {
  const worker = WorkerConfig.parse({
    'bootstrap.servers': 'localhost:9092',
    'group.id': 'g',
    'config.storage.topic': 'c',
    'offset.storage.topic': 'o',
    'status.storage.topic': 's',
    'key.converter': 'Json',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'String',
    'value.converter.x': '1',
  })

  it('gives a chain in order, each with its own properties and predicate', () => {
    const props = {
      transforms: 'b, a',
      'transforms.a.type': 'Filter',
      'transforms.a.predicate': 'p',
      'transforms.a.negate': 'true',
      'transforms.b.type': 'RegexRouter',
      'transforms.b.regex': 'x',
      predicates: 'p',
      'predicates.p.type': 'HasHeaderKey',
      'predicates.p.name': 'h',
    }
    assert.deepEqual(transformSpecs(props), [
      {
        alias: 'b',
        type: 'RegexRouter',
        version: undefined,
        props: { type: 'RegexRouter', regex: 'x' },
        predicate: undefined,
        negate: false,
      },
      {
        alias: 'a',
        type: 'Filter',
        version: undefined,
        props: { type: 'Filter' },
        predicate: { alias: 'p', type: 'HasHeaderKey', version: undefined, props: { type: 'HasHeaderKey', name: 'h' } },
        negate: true,
      },
    ])
    assert.throws(
      () => transformSpecs({ transforms: 'a', 'transforms.a.type': 'F', 'transforms.a.predicate': 'q' }),
      /"predicates\.q\.type"/,
    )
  })

  it("gives the connector's own converter its own properties, else the worker's", () => {
    assert.deepEqual(converterSpec('key', {}, worker), {
      className: 'Json',
      version: undefined,
      props: { 'schemas.enable': 'false', 'converter.type': 'key' },
    })
    assert.deepEqual(converterSpec('value', { 'value.converter': 'Json' }, worker), {
      className: 'Json',
      version: undefined,
      props: { 'converter.type': 'value' },
    })
  })

  it('refuses a sink without topics', () => {
    assert.throws(
      () => parseSinkConfig({ name: 's', 'connector.class': 'x' }),
      /Must configure one of topics or topics\.regex/,
    )
    assert.deepEqual(parseSinkConfig({ ...SOURCE, topics: 't' }).topics, ['t'])
  })

  it('isolates tasks as the connector says, else as the worker', () => {
    assert.equal(taskIsolation({}, worker), 'shared')
    assert.equal(taskIsolation({ 'task.isolation': 'dedicated' }, worker), 'dedicated')
  })

  it('gives topic creation groups, the default one last', () => {
    assert.equal(topicCreationGroups({}), undefined)
    const groups = topicCreationGroups({
      'topic.creation.groups': 'a',
      'topic.creation.default.partitions': '4',
      'topic.creation.default.replication.factor': '-1',
      'topic.creation.a.include': 'x\\..*,y',
      'topic.creation.a.partitions': '1',
      'topic.creation.a.cleanup.policy': 'compact',
    })!
    assert.deepEqual(
      groups.map(({ name, partitions, replicationFactor, configs }) => ({
        name,
        partitions,
        replicationFactor,
        configs,
      })),
      [
        { name: 'a', partitions: 1, replicationFactor: -1, configs: { 'cleanup.policy': 'compact' } },
        { name: 'default', partitions: 4, replicationFactor: -1, configs: {} },
      ],
    )
    assert.ok(groups[0]!.include.some((regex) => regex.test('x.1')))
    assert.ok(!groups[0]!.include.some((regex) => regex.test('yy')))
  })
})
