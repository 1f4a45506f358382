import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConfigInfos, Props } from '../../runtime/api/index.ts'
import { referencePlugins } from '../unit/herder/reference-plugins.ts'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const SINK = 'org.apache.kafka.connect.integration.MonitorableSinkConnector'
const SOURCE = 'org.apache.kafka.connect.integration.MonitorableSourceConnector'
const TRANSFORMS = 'org.apache.kafka.connect.transforms'
const NO_CONVERTER = 'org.apache.kafka.connect.NotAConverter'

describe('ConnectorValidationIntegrationTest', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => void (cluster = await startConnectCluster({ plugins: referencePlugins })))
  after(() => cluster[Symbol.asyncDispose]())

  const sink = (more: Props = {}): Props => ({
    name: 'sink',
    'connector.class': SINK,
    'tasks.max': '1',
    topics: 't1',
    ...more,
  })
  const source = (more: Props = {}): Props => ({
    name: 'source',
    'connector.class': SOURCE,
    'tasks.max': '1',
    topic: 't1',
    ...more,
  })

  async function errors(config: Props, count: number, ...keys: readonly string[]): Promise<readonly string[]> {
    const path = `/connector-plugins/${config['connector.class']}/config/validate`
    const { status, body } = await cluster.ask<ConfigInfos>('PUT', path, config)
    assert.equal(status, 200, JSON.stringify(body))
    const wrong = body.configs.filter(({ value }) => value.errors.length > 0)
    assert.equal(body.error_count, count, JSON.stringify(wrong))
    if (keys.length > 0) assert.deepEqual(wrong.map(({ value }) => value.name).sort(), [...keys].sort())
    return wrong.flatMap(({ value }) => value.errors)
  }

  test('V1 testSinkConnectorHasNeitherTopicsListNorTopicsRegex: both keys say so', async () => {
    const { topics: _, ...config } = sink()
    await errors(config, 2, 'topics', 'topics.regex')
  })

  test('V2 testSinkConnectorHasBothTopicsListAndTopicsRegex: both keys say so', async () => {
    await errors(sink({ 'topics.regex': 'r.*' }), 2, 'topics', 'topics.regex')
  })

  test('V3 testSinkConnectorDeadLetterQueueTopicInTopicsList: letters must not come back', async () => {
    await errors(sink({ topics: 't1,dlq', 'errors.deadletterqueue.topic.name': 'dlq' }), 1, 'topics')
  })

  test('V4 testSinkConnectorDeadLetterQueueTopicMatchesTopicsRegex: letters must not come back', async () => {
    const { topics: _, ...config } = sink({ 'topics.regex': 'd.*', 'errors.deadletterqueue.topic.name': 'dlq' })
    await errors(config, 1, 'topics.regex')
  })

  test('V5 testSinkConnectorDefaultGroupIdConflictsWithWorkerGroupId: at its name', async () => {
    const group = cluster.props()['group.id']!
    assert.match(group, /^connect-/)
    await errors(sink({ name: group.slice('connect-'.length) }), 1, 'name')
  })

  test('V6 testSinkConnectorOverriddenGroupIdConflictsWithWorkerGroupId: at the override', async () => {
    const key = 'consumer.override.group.id'
    await errors(sink({ [key]: cluster.props()['group.id']! }), 1, key)
  })

  test('V7 testSourceConnectorHasDuplicateTopicCreationGroups: an alias counts once', async () => {
    const groups = {
      'topic.creation.groups': 'g1, g2, g1',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.partitions': '1',
    }
    await errors(source(groups), 1, 'topic.creation.groups')
  })

  test('V8 testConnectorHasDuplicateTransformations: an alias counts once', async () => {
    await errors(sink({ transforms: 't, t', 'transforms.t.type': `${TRANSFORMS}.Filter` }), 1, 'transforms')
  })

  test('V9 testConnectorHasMissingTransformClass: a transformation needs a type', async () => {
    await errors(sink({ transforms: 't' }), 1, 'transforms.t.type')
    await errors(sink({ transforms: 't', 'transforms.t.type': 'no.such.Class' }), 1, 'transforms.t.type')
  })

  test('V10 testConnectorHasInvalidTransformClass: a connector is no transformation', async () => {
    const [message] = await errors(sink({ transforms: 't', 'transforms.t.type': SINK }), 1, 'transforms.t.type')
    assert.equal(message, `Class class ${SINK} does not implement the Transformation interface`)
  })

  test('V11 testConnectorHasNegationForUndefinedPredicate: there is nothing to negate', async () => {
    await errors(
      sink({ transforms: 't', 'transforms.t.type': `${TRANSFORMS}.Filter`, 'transforms.t.negate': 'true' }),
      1,
      'transforms.t.type',
    )
  })

  test('V12 testConnectorHasDuplicatePredicates: an alias counts once', async () => {
    const type = `${TRANSFORMS}.predicates.RecordIsTombstone`
    await errors(sink({ predicates: 'p, p', 'predicates.p.type': type }), 1, 'predicates')
  })

  test('V13 testConnectorHasMissingPredicateClass: a predicate needs a type', async () => {
    await errors(sink({ predicates: 'p' }), 1, 'predicates.p.type')
  })

  test('V14 testConnectorHasInvalidPredicateClass: a connector is no predicate', async () => {
    await errors(sink({ predicates: 'p', 'predicates.p.type': SINK }), 1, 'predicates.p.type')
  })

  const CONVERTERS: readonly (readonly [name: string, className: string, count: number, says: string])[] = [
    ['HasMissingConverterClass', NO_CONVERTER, 1, 'the class is not there'],
    ['HasInvalidConverterClassType', SINK, 1, 'a connector is no converter'],
    ['HasAbstractConverter', 'naru.test.AbstractTestConverter', 1, 'a class that lacks methods cannot be made'],
    ['HasConverterWithNoSuitableConstructor', 'naru.test.NoSuitableConstructorConverter', 1, 'nobody gives arguments'],
    ['HasConverterThatThrowsExceptionOnInstantiation', 'naru.test.ThrowingConverter', 1, 'it cannot be made'],
    ['HasMisconfiguredConverter', 'naru.test.MisconfiguredConverter', 1, 'its own keys are checked under its prefix'],
    ['HasConverterWithNoConfigDef', 'naru.test.NoConfigDefConverter', 0, 'then nothing is checked'],
  ]

  for (const [role, ids, word] of [
    ['value', ['V15', 'V16', 'V17', 'V18', 'V19', 'V20', 'V21'], 'Converter'],
    ['header', ['V22', 'V23', 'V24', 'V25', 'V26', 'V27', 'V28'], 'HeaderConverter'],
  ] as const) {
    for (const [index, [name, className, count, says]] of CONVERTERS.entries()) {
      test(`${ids[index]} testConnector${name.replace('Converter', word)}: ${says}`, async () => {
        const key = `${role}.converter`
        const broken = name === 'HasMisconfiguredConverter' ? `${key}.prop` : key
        const config = sink({ [key]: className, ...(broken === key ? {} : { [broken]: 'abc' }) })
        await errors(config, count, ...(count === 0 ? [] : [broken]))
      })
    }
  }
})
