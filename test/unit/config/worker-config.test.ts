import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  adminProps,
  connectionProps,
  dlqProducerProps,
  internalProps,
  sinkConsumerProps,
  sourceProducerProps,
  transactionalProducerProps,
} from '../../../runtime/config/client-overrides.ts'
import { overrideErrors } from '../../../runtime/config/override-policy.ts'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'

const DISTRIBUTED = {
  'bootstrap.servers': 'k1:9092,k2:9092',
  'group.id': 'g',
  'config.storage.topic': 'c',
  'offset.storage.topic': 'o',
  'status.storage.topic': 's',
  'key.converter': 'Json',
  'value.converter': 'Json',
}

describe('a worker configuration', () => {
  it('has the defaults of Connect', () => {
    const config = WorkerConfig.parse(DISTRIBUTED)
    assert.equal(config.mode, 'distributed')
    assert.equal(config.groupId, 'g')
    assert.equal(config.protocol, 'sessioned')
    assert.equal(config.exactlyOnce, 'disabled')
    assert.equal(config.common['offset.flush.interval.ms'], 60_000)
    assert.deepEqual(config.common.listeners, ['http://:8083'])
    assert.equal(config.distributed['offset.storage.partitions'], 25)
    assert.ok(config.taskThreadsMax >= 2)
  })

  it('is standalone when it names an offset file and no group', () => {
    const { 'group.id': _, ...rest } = DISTRIBUTED
    const config = WorkerConfig.parse({ ...rest, 'offset.storage.file.filename': '/tmp/offsets' })
    assert.equal(config.mode, 'standalone')
    assert.equal(config.groupId, undefined)
    assert.equal(config.standalone['offset.storage.file.filename'], '/tmp/offsets')
  })

  it('names the key that is missing or wrong', () => {
    const { 'group.id': _, ...rest } = DISTRIBUTED
    assert.throws(
      () => WorkerConfig.parse(rest),
      /Missing required configuration "group.id" which has no default value\./,
    )
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      [
        'offset.flush.interval.ms',
        'soon',
        /Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG/,
      ],
      ['listeners', 'localhost:8083', /Listener must look like http/],
      ['connect.protocol', 'fancy', /Invalid Connect protocol compatibility; one of eager, compatible, sessioned/],
      [
        'rest.extension.classes',
        'a,,b',
        /^ConfigError: Configuration 'rest.extension.classes' values must not be empty\.$/,
      ],
      ['inter.worker.signature.algorithm', 'HmacSHA1', /must be present in .* list; it is HmacSHA256/],
      ['inter.worker.key.generation.algorithm', 'Quick', /not supported; the supported algorithms are: \[HmacMD5, /],
    ]
    for (const [key, value, message] of wrong)
      assert.throws(() => WorkerConfig.parse({ ...DISTRIBUTED, [key]: value }), message)
  })

  it('warns about keys without effect and says what was probably meant', () => {
    const warnings = WorkerConfig.parse({
      ...DISTRIBUTED,
      'offset.flush.intervall.ms': '1',
      'rest.port': '8083',
      'internal.key.converter': 'x',
      'config.storage.partitions': '3',
      'status.storage.cleanup.policy': 'delete',
      'entirely.unknown': '1',
      'producer.linger.ms': '5',
      'offset.storage.segment.bytes': '1',
      'security.protocol': 'PLAINTEXT',
    }).warnings()
    assert.equal(warnings.length, 6)
    assert.match(
      warnings[0]!,
      /offset\.flush\.intervall\.ms is not a configuration of a distributed worker; did you mean offset\.flush\.interval\.ms\?/,
    )
    assert.match(warnings[1]!, /rest\.port is no longer a configuration; use listeners/)
    assert.match(warnings[5]!, /entirely\.unknown is not a configuration of a distributed worker$/)
  })

  it('takes what a file of a Java worker says of plugin discovery and of reporters, and refuses what that would', () => {
    for (const discovery of ['only_scan', 'hybrid_warn', 'hybrid_fail', 'service_load', 'HYBRID_WARN']) {
      const config = WorkerConfig.parse({
        ...DISTRIBUTED,
        'plugin.discovery': discovery,
        'metric.reporters': 'org.apache.kafka.common.metrics.JmxReporter',
        'metrics.context.team': 'shop',
        'auto.include.jmx.reporter': 'true',
      })
      assert.deepEqual(config.warnings(), [])
    }
    assert.throws(() => WorkerConfig.parse({ ...DISTRIBUTED, 'plugin.discovery': 'scan' }), /plugin\.discovery/)
    assert.throws(() => WorkerConfig.parse({ ...DISTRIBUTED, 'metrics.num.samples': '0' }), /metrics\.num\.samples/)
  })

  it('gives other suffixes of a store to its topic', () => {
    const props = {
      ...DISTRIBUTED,
      'offset.storage.segment.bytes': '1',
      'offset.storage.cleanup.policy': 'x',
      'offset.storage.partitions': '2',
    }
    assert.deepEqual(WorkerConfig.parse(props).topicSettings('offset'), { 'segment.bytes': '1' })
  })
})

describe('client settings', () => {
  const worker = WorkerConfig.parse({
    ...DISTRIBUTED,
    'client.id': 'w',
    'security.protocol': 'PLAINTEXT',
    'ssl.client.auth': 'none',
    'producer.linger.ms': '5',
    'producer.acks': '1',
    'consumer.max.poll.records': '7',
    'admin.retries': '3',
  })
  const connector = {
    name: 'n',
    'producer.override.linger.ms': '9',
    'consumer.override.auto.offset.reset': 'latest',
    'admin.override.retries': '4',
  }

  it('of all clients begin with the connection of the worker', () => {
    assert.deepEqual(connectionProps(worker), {
      'bootstrap.servers': 'k1:9092,k2:9092',
      'security.protocol': 'PLAINTEXT',
    })
  })

  it('are the base, then the worker, then the connector', () => {
    const producer = sourceProducerProps(worker, connector, 'n-0')
    assert.equal(producer['client.id'], 'connector-producer-n-0')
    assert.equal(producer['acks'], '1')
    assert.equal(producer['linger.ms'], '9')
    assert.equal(producer['max.in.flight.requests.per.connection'], '1')
    assert.equal(dlqProducerProps(worker, connector, 'n-0')['client.id'], 'connector-dlq-producer-n-0')
    assert.equal(adminProps(worker, connector, 'n')['retries'], '4')
  })

  it('of a sink have its group', () => {
    const consumer = sinkConsumerProps(worker, connector, 'n-0')
    assert.equal(consumer['group.id'], 'connect-n')
    assert.equal(consumer['auto.offset.reset'], 'latest')
    assert.equal(consumer['max.poll.records'], '7')
    assert.equal(sinkConsumerProps(worker, { ...connector, 'consumer.override.group.id': 'x' }, 'n-0')['group.id'], 'x')
    const named = { ...connector, 'consumer.override.group.instance.id': 'host-a' }
    assert.equal(sinkConsumerProps(worker, named, 'n-1')['group.instance.id'], 'host-a-1')
    assert.equal(consumer['group.instance.id'], undefined)
  })

  it('of exactly-once cannot be overridden', () => {
    const { props: producer, forced } = transactionalProducerProps(
      worker,
      { 'producer.override.transactional.id': 'x', 'producer.override.enable.idempotence': 'true' },
      'n-0',
    )
    assert.deepEqual(forced, ['transactional.id'])
    assert.equal(producer['transactional.id'], 'g-n-0')
    assert.equal(producer['enable.idempotence'], 'true')
  })

  it('of the runtime name group, client and purpose', () => {
    assert.equal(internalProps(worker, 'configs')['client.id'], 'g-w-configs')
    assert.equal(internalProps(worker, 'configs')['linger.ms'], undefined)
  })

  it('are refused by the policy', () => {
    const policy = (name: string, more = {}): WorkerConfig =>
      WorkerConfig.parse({ ...DISTRIBUTED, 'connector.client.config.override.policy': name, ...more })
    assert.equal(overrideErrors(worker, 'producer', connector).size, 0)
    assert.deepEqual(
      [...overrideErrors(policy('None'), 'producer', connector)],
      [
        [
          'producer.override.linger.ms',
          "The 'None' policy does not allow 'linger.ms' to be overridden in the connector configuration.",
        ],
      ],
    )
    assert.equal(
      overrideErrors(policy('Principal'), 'producer', { 'producer.override.sasl.mechanism': 'PLAIN' }).size,
      0,
    )
    const allow = { 'connector.client.config.override.allowlist': 'linger.ms' }
    assert.equal(overrideErrors(policy('Allowlist', allow), 'producer', connector).size, 0)
    assert.equal(overrideErrors(policy('Allowlist', allow), 'admin', connector).size, 1)
    assert.throws(() => overrideErrors(policy('Mine'), 'admin', connector), /one of All, None, Principal, Allowlist/)
  })
})
