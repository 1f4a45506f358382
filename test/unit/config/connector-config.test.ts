import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInfos, Props } from '../../../runtime/api/index.ts'
import { configDef } from '../../../runtime/api/index.ts'
import { invalidConfigMessage, mergeConfigInfos, unknownKeyHints } from '../../../runtime/config/config-infos.ts'
import {
  converterSpec,
  frameworkDef,
  parseSinkConfig,
  taskIsolation,
  transformSpecs,
  validateFramework,
} from '../../../runtime/config/connector-config.ts'
import { sourceConnectorDef } from '../../../runtime/config/connector-keys.ts'
import { converterValues } from '../../../runtime/config/plugin-keys.ts'
import { topicCreationGroups } from '../../../runtime/config/topic-creation-config.ts'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../plugins/silent-logger.ts'

const known = await PluginRegistry.load({ pluginPath: [], logger: silentLogger, entry: import.meta.dirname })

const SINK = { name: 's', 'connector.class': 'FileStreamSink', topics: 't' }
const SOURCE = { name: 's', 'connector.class': 'FileStreamSource' }

function validate(type: 'source' | 'sink', props: Props, group?: string): ConfigInfos {
  const def = frameworkDef(type, props, known)
  return mergeConfigInfos(props['connector.class']!, props, [
    { def, values: validateFramework(type, props, def, group) },
  ])
}

function errors(infos: ConfigInfos): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    infos.configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => [value.name, value.errors]),
  )
}

describe('validation of framework keys', () => {
  it('finds nothing wrong with a plain connector', () => {
    assert.deepEqual(errors(validate('sink', SINK)), {})
    assert.deepEqual(errors(validate('source', SOURCE)), {})
  })

  it('counts and says what Connect does', () => {
    const dlq = 'errors.deadletterqueue.topic.name'
    const table: readonly (readonly [string, 'source' | 'sink', Props, number, string, RegExp])[] = [
      [
        'neither topics nor regex',
        'sink',
        { ...SINK, topics: '' },
        2,
        'topics',
        /^Must configure one of topics or topics\.regex$/,
      ],
      [
        'both',
        'sink',
        { ...SINK, 'topics.regex': 'a.*' },
        2,
        'topics.regex',
        /^topics and topics\.regex are mutually exclusive options, but both are set\.$/,
      ],
      [
        'DLQ in topics',
        'sink',
        { ...SINK, topics: 't,d', [dlq]: 'd' },
        1,
        'topics',
        /^The DLQ topic 'd' may not be included in the list of topics \('topics=\[t, d\]'\)/,
      ],
      [
        'DLQ in regex',
        'sink',
        { name: 's', 'connector.class': 'x', 'topics.regex': 'd.*', [dlq]: 'dlq' },
        1,
        'topics.regex',
        /may not be matched by the regex for the topics \('topics\.regex=d\.\*'\)/,
      ],
      [
        'default group',
        'sink',
        { ...SINK, name: 'w' },
        1,
        'name',
        /^Consumer group for sink connector named w conflicts with Connect worker group connect-w$/,
      ],
      [
        'own group',
        'sink',
        { ...SINK, 'consumer.override.group.id': 'connect-w' },
        1,
        'consumer.override.group.id',
        /^Consumer group connect-w conflicts/,
      ],
      [
        'duplicate topic groups',
        'source',
        {
          ...SOURCE,
          'topic.creation.groups': 'a,a',
          'topic.creation.default.partitions': '1',
          'topic.creation.default.replication.factor': '1',
        },
        1,
        'topic.creation.groups',
        /Duplicate alias provided\.$/,
      ],
      [
        'duplicate transforms',
        'source',
        { ...SOURCE, transforms: 'a,a', 'transforms.a.type': 'Filter' },
        1,
        'transforms',
        /Duplicate alias provided\.$/,
      ],
      [
        'no such transform',
        'source',
        { ...SOURCE, transforms: 'a', 'transforms.a.type': 'RegexRooter' },
        1,
        'transforms.a.type',
        /Class RegexRooter could not be found\. Did you mean RegexRouter\?$/,
      ],
      [
        'transform is a predicate',
        'source',
        { ...SOURCE, transforms: 'a', 'transforms.a.type': 'HasHeaderKey' },
        1,
        'transforms.a.type',
        /could not be found/,
      ],
      [
        'transform without class',
        'source',
        { ...SOURCE, transforms: 'a' },
        1,
        'transforms.a.type',
        /^Missing required/,
      ],
      [
        'negate without predicate',
        'source',
        { ...SOURCE, transforms: 'a', 'transforms.a.type': 'Filter', 'transforms.a.negate': 'true' },
        1,
        'transforms.a.negate',
        /^Config 'transforms\.a\.negate' was provided but there is no config 'transforms\.a\.predicate'/,
      ],
      [
        'duplicate predicates',
        'source',
        { ...SOURCE, predicates: 'a,a', 'predicates.a.type': 'RecordIsTombstone' },
        1,
        'predicates',
        /Duplicate alias/,
      ],
      [
        'no such predicate',
        'source',
        { ...SOURCE, predicates: 'a', 'predicates.a.type': 'X' },
        1,
        'predicates.a.type',
        /Class X could not be found/,
      ],
      [
        'key of a transform',
        'source',
        { ...SOURCE, transforms: 'a', 'transforms.a.type': 'RegexRouter', 'transforms.a.regex': 'a' },
        1,
        'transforms.a.replacement',
        /^Missing required configuration "transforms\.a\.replacement"/,
      ],
      [
        'no such converter',
        'source',
        { ...SOURCE, 'value.converter': 'Jsn' },
        1,
        'value.converter',
        /Did you mean Json\?/,
      ],
      ['tasks', 'source', { ...SOURCE, 'tasks.max': '0' }, 1, 'tasks.max', /Value must be at least 1/],
      ['tasks of a wrong type', 'source', { ...SOURCE, 'tasks.max': 'x' }, 2, 'tasks.max', /Not a number of type INT/],
      [
        'no name',
        'source',
        { 'connector.class': 'x' },
        1,
        'name',
        /^Missing required configuration "name" which has no default value\.$/,
      ],
      [
        'name with control characters',
        'source',
        { ...SOURCE, name: 'a\u0007' },
        1,
        'name',
        /may not contain control sequences but had the following ASCII chars: 7/,
      ],
    ]
    for (const [label, type, props, count, key, message] of table) {
      const infos = validate(type, props, 'connect-w')
      assert.equal(infos.error_count, count, `${label}: ${JSON.stringify(errors(infos))}`)
      assert.match(errors(infos)[key]?.[0] ?? '', message, label)
    }
  })

  it('shows keys in groups, with the shapes of Connect', () => {
    const infos = validate('source', SOURCE)
    assert.deepEqual(infos.groups, [
      'Common',
      'Transforms',
      'Predicates',
      'Error Handling',
      'Topic Creation',
      'Exactly Once Support',
      'offsets.topic',
    ])
    assert.deepEqual(
      infos.configs.find(({ value }) => value.name === 'tasks.max'),
      {
        definition: {
          name: 'tasks.max',
          type: 'INT',
          required: false,
          default_value: '1',
          importance: 'HIGH',
          documentation: 'Maximum number of tasks to use for this connector.',
          group: 'Common',
          width: 'SHORT',
          display_name: 'Tasks max',
          dependents: [],
          order_in_group: 3,
        },
        value: { name: 'tasks.max', value: '1', recommended_values: [], errors: [], visible: true },
      },
    )
  })

  it('puts keys that nobody knows first', () => {
    const infos = validate('source', { ...SOURCE, 'x.y': 'z' })
    assert.deepEqual(infos.configs[0], {
      definition: null,
      value: { name: 'x.y', value: 'z', recommended_values: [], errors: [], visible: true },
    })
  })

  it('gives one message for a create request', () => {
    assert.equal(invalidConfigMessage(validate('source', SOURCE)), undefined)
    assert.equal(
      invalidConfigMessage(validate('source', { ...SOURCE, 'tasks.max': '0' })),
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

  it('checks a converter that the connector names, under its prefix', () => {
    const props = { 'value.converter': 'JsonConverter', 'value.converter.decimal.format': 'HEX' }
    const { values } = converterValues('value', props, known)
    const wrong = values.filter((value) => value.errors.length > 0)
    assert.deepEqual(
      wrong.map(({ name, errors: messages }) => [name, messages]),
      [
        [
          'value.converter.decimal.format',
          [
            'Invalid value HEX for configuration value.converter.decimal.format: String must be one of (case insensitive): BASE64, NUMERIC',
          ],
        ],
      ],
    )
    assert.deepEqual(converterValues('value', {}, known).values, [])
  })
})

describe('typed access', () => {
  const worker = WorkerConfig.parse({
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
        props: { type: 'RegexRouter', regex: 'x' },
        predicate: undefined,
        negate: false,
      },
      {
        alias: 'a',
        type: 'Filter',
        props: { type: 'Filter' },
        predicate: { alias: 'p', type: 'HasHeaderKey', props: { type: 'HasHeaderKey', name: 'h' } },
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
      props: { 'schemas.enable': 'false', 'converter.type': 'key' },
    })
    assert.deepEqual(converterSpec('value', { 'value.converter': 'Json' }, worker), {
      className: 'Json',
      props: { 'converter.type': 'value' },
    })
  })

  it('refuses a sink without topics', () => {
    assert.throws(
      () => parseSinkConfig({ name: 's', 'connector.class': 'x' }),
      /Must configure one of topics or topics\.regex/,
    )
    assert.deepEqual(parseSinkConfig(SINK).topics, ['t'])
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
