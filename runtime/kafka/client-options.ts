import { ConfigError, didYouMean } from '../api/index.ts'
import type { Logger, Props } from '../api/index.ts'
import { DEFAULT_STRATEGIES, parseStrategies } from './assignors/strategies.ts'
import { PRODUCER_DEF } from './producer-options.ts'
import { SASL_KEYS } from './security/sasl-options.ts'
import { SECURITY_PROTOCOLS, Security } from './security/security-options.ts'
import { SSL_KEYS } from './security/ssl-options.ts'

/** Reads one property: from its text to its value, or throws what is wrong with it. */
type Parse<T> = (key: string, text: string) => T
interface Property<T> {
  readonly key: string
  readonly parse: Parse<T>
  readonly default: T
}

function property<T>(key: string, parse: Parse<T>, defaultValue: T): Property<T> {
  return { key, parse, default: defaultValue }
}

function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Parse<number> {
  return (key, text) => {
    const value = Number(text.trim())
    if (!Number.isInteger(value) || text.trim() === '') throw ConfigError.invalid(key, text, 'Not a number')
    if (value < min) throw ConfigError.invalid(key, text, `Value must be at least ${min}`)
    if (value > max) throw ConfigError.invalid(key, text, `Value must be no more than ${max}`)
    return value
  }
}

function oneOf<const T extends string>(...values: readonly T[]): Parse<T> {
  return (key, text) => {
    const found = values.find((value) => value.toLowerCase() === text.trim().toLowerCase())
    if (found === undefined) throw ConfigError.invalid(key, text, `String must be one of: ${values.join(', ')}`)
    return found
  }
}

const boolean: Parse<boolean> = (key, text) => {
  const value = text.trim().toLowerCase()
  if (value !== 'true' && value !== 'false')
    throw ConfigError.invalid(key, text, 'Expected value to be either true or false')
  return value === 'true'
}

const plain: Parse<string> = (_key, text) => text

const servers: Parse<readonly Address[]> = (key, text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(?:[A-Z_]+:\/\/)?(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(part)
      const port = Number(match?.[3])
      if (match === null || port > 65535) throw ConfigError.invalid(key, text, `'${part}' is not host:port`)
      return { host: match[1] ?? match[2]!, port }
    })

export interface Address {
  readonly host: string
  readonly port: number
}

/** Kafka's property names and defaults: https://kafka.apache.org/documentation/#configuration */
const COMMON = {
  bootstrap: property('bootstrap.servers', servers, []),
  clientId: property('client.id', plain, 'naru'),
  requestTimeoutMs: property('request.timeout.ms', integer(1), 30_000),
  apiTimeoutMs: property('default.api.timeout.ms', integer(1), 60_000),
  connectTimeoutMs: property('socket.connection.setup.timeout.ms', integer(1), 10_000),
  retryBackoffMs: property('retry.backoff.ms', integer(0), 100),
  retryBackoffMaxMs: property('retry.backoff.max.ms', integer(0), 1000),
  reconnectBackoffMs: property('reconnect.backoff.ms', integer(0), 50),
  reconnectBackoffMaxMs: property('reconnect.backoff.max.ms', integer(0), 1000),
  metadataMaxAgeMs: property('metadata.max.age.ms', integer(0), 300_000),
  securityProtocol: property('security.protocol', oneOf(...SECURITY_PROTOCOLS), 'PLAINTEXT'),
}

const FETCHER = {
  fetchMinBytes: property('fetch.min.bytes', integer(0), 1),
  fetchMaxBytes: property('fetch.max.bytes', integer(0), 52_428_800),
  fetchMaxWaitMs: property('fetch.max.wait.ms', integer(0), 500),
  partitionMaxBytes: property('max.partition.fetch.bytes', integer(0), 1_048_576),
  checkCrc: property('check.crcs', boolean, true),
  isolation: property('isolation.level', oneOf('read_uncommitted', 'read_committed'), 'read_uncommitted'),
  offsetReset: property('auto.offset.reset', oneOf('latest', 'earliest', 'none'), 'latest'),
  maxPollRecords: property('max.poll.records', integer(1), 500),
  rack: property('client.rack', plain, ''),
}

const CONSUMER = {
  ...FETCHER,
  groupId: property('group.id', plain, ''),
  groupInstanceId: property('group.instance.id', plain, ''),
  sessionTimeoutMs: property('session.timeout.ms', integer(1), 45_000),
  heartbeatIntervalMs: property('heartbeat.interval.ms', integer(1), 3000),
  strategies: property('partition.assignment.strategy', parseStrategies, DEFAULT_STRATEGIES),
  maxPollIntervalMs: property('max.poll.interval.ms', integer(1), 300_000),
}

type OptionsOf<T> = { readonly [K in keyof T]: T[K] extends Property<infer V> ? V : never }
export type ClientOptions = OptionsOf<typeof COMMON> & { readonly security: Security }
export type FetcherOptions = ClientOptions & OptionsOf<typeof FETCHER>
export type ConsumerOptions = ClientOptions & OptionsOf<typeof CONSUMER>

/** Properties of Java clients that are understood and need nothing from us. */
const IGNORED: ReadonlySet<string> = new Set([
  'key.serializer',
  'value.serializer',
  'key.deserializer',
  'value.deserializer',
  'enable.auto.commit',
  'auto.commit.interval.ms',
  'group.protocol',
  'allow.auto.create.topics',
  'exclude.internal.topics',
  'send.buffer.bytes',
  'receive.buffer.bytes',
  'client.dns.lookup',
  'connections.max.idle.ms',
  'socket.connection.setup.timeout.max.ms',
  'metadata.max.idle.ms',
  'metadata.recovery.strategy',
  'metadata.recovery.rebootstrap.trigger.ms',
  'metric.reporters',
  'metrics.num.samples',
  'metrics.sample.window.ms',
  'metrics.recording.level',
  'auto.include.jmx.reporter',
  'enable.metrics.push',
  'partitioner.class',
  'partitioner.ignore.keys',
  'partitioner.adaptive.partitioning.enable',
  'partitioner.availability.timeout.ms',
])

const KNOWN: ReadonlySet<string> = new Set([
  ...[COMMON, CONSUMER].flatMap((table) => Object.values(table).map((each: Property<unknown>) => each.key)),
  ...Object.keys(PRODUCER_DEF.keys),
  ...SSL_KEYS,
  ...SASL_KEYS,
  'security.providers',
])

/** Warns by name about each property that no Kafka client of ours knows, once per KafkaClients. */
export function warnUnknown(props: Props, logger: Logger): void {
  for (const key of Object.keys(props)) {
    if (KNOWN.has(key) || IGNORED.has(key)) continue
    const hint = didYouMean(key, [...KNOWN])
    logger.warn(`unknown Kafka client property '${key}'${hint === undefined ? '' : `: did you mean '${hint}'?`}`)
  }
}

export function clientOptions(props: Props): ClientOptions {
  const options = read(COMMON, props)
  if (options.bootstrap.length === 0) {
    throw new ConfigError('bootstrap.servers', 'No bootstrap urls given in bootstrap.servers: it needs host:port')
  }
  return { ...options, security: new Security(options.securityProtocol, props) }
}

export function fetcherOptions(props: Props): FetcherOptions {
  return { ...clientOptions(props), ...read(FETCHER, props) }
}

export function consumerOptions(props: Props): ConsumerOptions {
  const options = { ...clientOptions(props), ...read(CONSUMER, props) }
  if (options.groupId === '') throw new ConfigError('group.id', 'a consumer needs group.id')
  if (options.heartbeatIntervalMs >= options.sessionTimeoutMs) {
    throw new ConfigError('heartbeat.interval.ms', 'heartbeat.interval.ms must be less than session.timeout.ms')
  }
  return options
}

function read<T extends Readonly<Record<string, Property<unknown>>>>(table: T, props: Props): OptionsOf<T> {
  const entries = Object.entries(table).map(([name, { key, parse, default: defaultValue }]) => {
    const text = props[key]
    return [name, text === undefined ? defaultValue : parse(key, text)] as const
  })
  return Object.fromEntries(entries) as OptionsOf<T>
}
