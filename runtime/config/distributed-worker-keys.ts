import { ConfigError, configDef, validators } from '../api/index.ts'
import type { Validator } from '../api/index.ts'
import { rule } from './key-rules.ts'
import { MAC_ALGORITHMS } from './mac-algorithms.ts'
import { key } from './worker-key.ts'

const { atLeast, between, oneOfIgnoreCase } = validators

function positiveOrBrokerDefault(what: string, why: string): Validator {
  return rule(what, (key, value) => {
    if (value === null) throw ConfigError.invalid(key, value, 'Value must be non-null')
    if ((value as number) !== -1 && (value as number) < 1) throw ConfigError.invalid(key, value, why)
  })
}

const replicationFactor = positiveOrBrokerDefault(
  "Positive number not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
  "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
)

const partitions = positiveOrBrokerDefault(
  "Positive number, or -1 to use the broker's default",
  "Number of partitions must be positive, or -1 to use the broker's default",
)

/** For whatever a Java worker may make keys for: they are random bytes. */
const KEY_ALGORITHMS = [...MAC_ALGORITHMS, 'AES', 'ARCFOUR', 'Blowfish', 'ChaCha20', 'DES', 'DESede', 'RC2']

function known(algorithms: readonly string[], key: string, name: string): void {
  if (algorithms.some((each) => each.toLowerCase() === name.toLowerCase())) return
  const why = `the algorithm is not supported; the supported algorithms are: [${algorithms.join(', ')}]`
  throw ConfigError.invalid(key, name, why)
}

const keyAlgorithm = rule('A KeyGenerator algorithm', (key, value) => known(KEY_ALGORITHMS, key, value as string))
const mac = rule('A MAC algorithm', (key, value) => known(MAC_ALGORITHMS, key, value as string))

const macs = rule('A list of one or more MAC algorithms', (key, value) => {
  const names = value as readonly string[]
  if (names.length === 0)
    throw ConfigError.invalid(key, '[]', 'At least one signature verification algorithm must be provided')
  for (const name of names) known(MAC_ALGORITHMS, key, name)
})

const protocol = rule('[eager, compatible, sessioned]', (key, value) => {
  if (!['eager', 'compatible', 'sessioned'].includes(String(value).toLowerCase()))
    throw ConfigError.invalid(key, value, 'Invalid Connect protocol compatibility; one of eager, compatible, sessioned')
})

/** org.apache.kafka.connect.runtime.distributed.DistributedConfig */
export const distributedWorkerDef = configDef({
  'group.id': key({
    type: 'STRING',
    importance: 'HIGH',
    documentation: 'The worker group; must differ from every consumer group of a sink.',
  }),
  'config.storage.topic': key({
    type: 'STRING',
    importance: 'HIGH',
    documentation: 'Topic of connector configs; one partition.',
  }),
  'config.storage.replication.factor': key({
    type: 'SHORT',
    default: 3,
    validator: replicationFactor,
    documentation: 'Used when the topic is created.',
  }),
  'offset.storage.topic': key({ type: 'STRING', importance: 'HIGH', documentation: 'Topic of source offsets.' }),
  'offset.storage.partitions': key({
    type: 'INT',
    default: 25,
    validator: partitions,
    documentation: 'Used when the topic is created.',
  }),
  'offset.storage.replication.factor': key({
    type: 'SHORT',
    default: 3,
    validator: replicationFactor,
    documentation: 'Used when the topic is created.',
  }),
  'status.storage.topic': key({
    type: 'STRING',
    importance: 'HIGH',
    documentation: 'Topic of connector and task states.',
  }),
  'status.storage.partitions': key({
    type: 'INT',
    default: 5,
    validator: partitions,
    documentation: 'Used when the topic is created.',
  }),
  'status.storage.replication.factor': key({
    type: 'SHORT',
    default: 3,
    validator: replicationFactor,
    documentation: 'Used when the topic is created.',
  }),
  'session.timeout.ms': key({
    type: 'INT',
    default: 10_000,
    documentation: 'A worker silent for so long is taken for dead.',
  }),
  'rebalance.timeout.ms': key({
    type: 'INT',
    default: 60_000,
    documentation: 'Time that workers have to rejoin the group.',
  }),
  'heartbeat.interval.ms': key({
    type: 'INT',
    default: 3000,
    documentation: 'Interval of heartbeats to the group coordinator.',
  }),
  'worker.sync.timeout.ms': key({
    type: 'INT',
    default: 3000,
    documentation: 'Time to catch up with the config topic before leaving the group.',
  }),
  'worker.unsync.backoff.ms': key({
    type: 'INT',
    default: 300_000,
    documentation: 'Pause before joining again after failing to catch up.',
  }),
  'connect.protocol': key({
    type: 'STRING',
    default: 'sessioned',
    validator: protocol,
    documentation: 'Rebalance protocol.',
  }),
  'scheduled.rebalance.max.delay.ms': key({
    type: 'INT',
    default: 300_000,
    validator: between(0, 2 ** 31 - 1),
    documentation: 'How long the work of a lost worker waits for its return.',
  }),
  'exactly.once.source.support': key({
    type: 'STRING',
    default: 'disabled',
    validator: oneOfIgnoreCase('DISABLED', 'ENABLED', 'PREPARING'),
    documentation: 'Exactly-once delivery of source connectors.',
  }),
  'inter.worker.key.generation.algorithm': key({
    type: 'STRING',
    default: 'HmacSHA256',
    validator: keyAlgorithm,
    documentation: 'Algorithm of session keys.',
  }),
  'inter.worker.key.size': key({
    type: 'INT',
    default: null,
    documentation: 'Bits of session keys; default: by algorithm.',
  }),
  'inter.worker.key.ttl.ms': key({
    type: 'INT',
    default: 3_600_000,
    validator: between(0, 2 ** 31 - 1),
    documentation: 'Age at which the leader makes a new session key.',
  }),
  'inter.worker.signature.algorithm': key({
    type: 'STRING',
    default: 'HmacSHA256',
    validator: mac,
    documentation: 'Algorithm that signs internal requests.',
  }),
  'inter.worker.verification.algorithms': key({
    type: 'LIST',
    default: ['HmacSHA256'],
    validator: macs,
    documentation: 'Algorithms accepted from other workers.',
  }),
  'metadata.max.age.ms': key({
    type: 'LONG',
    default: 300_000,
    validator: atLeast(0),
    documentation: 'Age at which cluster metadata is read again.',
  }),
  'request.timeout.ms': key({
    type: 'INT',
    default: 40_000,
    validator: atLeast(0),
    documentation: 'Time for a broker to answer.',
  }),
  'retry.backoff.ms': key({
    type: 'LONG',
    default: 100,
    validator: atLeast(0),
    documentation: 'First pause before a request is tried again.',
  }),
  'retry.backoff.max.ms': key({
    type: 'LONG',
    default: 1000,
    validator: atLeast(0),
    documentation: 'Longest pause before a request is tried again.',
  }),
})
