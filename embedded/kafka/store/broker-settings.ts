/** Broker properties under Kafka's names: the defaults of topics and the limits of groups. */
import type { Logger } from 'naru/api'

import { invalidValue } from './config-key.ts'
import type { ConfigKey } from './config-key.ts'
import { TOPIC_CONFIG_KEYS } from './topic-config.ts'

const OWN_KEYS: Readonly<Record<string, ConfigKey>> = {
  'auto.create.topics.enable': { type: 'BOOLEAN', default: 'true', doc: 'Make a topic when a client asks for it.' },
  'default.replication.factor': { type: 'INT', default: '1', min: 1, doc: 'Replicas of a topic; there is one broker.' },
  'delete.topic.enable': { type: 'BOOLEAN', default: 'true', doc: 'Whether topics may be deleted.' },
  'group.initial.rebalance.delay.ms': {
    type: 'INT',
    default: '0',
    min: 0,
    doc: 'Wait for more members of a new group.',
  },
  'group.max.session.timeout.ms': {
    type: 'INT',
    default: '1800000',
    min: 1,
    doc: 'Greatest session timeout of a member.',
  },
  'group.min.session.timeout.ms': { type: 'INT', default: '6000', min: 1, doc: 'Least session timeout of a member.' },
  'log.cleaner.backoff.ms': {
    type: 'LONG',
    default: '15000',
    min: 1,
    doc: 'Time between two looks for logs to compact.',
  },
  'log.cleaner.dedupe.buffer.size': {
    type: 'LONG',
    default: '134217728',
    min: 1,
    doc: 'Memory for the keys of the log being compacted.',
  },
  'log.cleaner.enable': { type: 'BOOLEAN', default: 'true', doc: 'Whether compacted topics are compacted.' },
  'log.retention.check.interval.ms': {
    type: 'LONG',
    default: '60000',
    min: 1,
    doc: 'Time between two looks for old segments.',
  },
  'num.partitions': { type: 'INT', default: '1', min: 1, doc: 'Partitions of a topic that names no number.' },
  'offset.metadata.max.bytes': {
    type: 'INT',
    default: '4096',
    min: 0,
    doc: 'Greatest metadata text of a committed offset.',
  },
  'offsets.topic.replication.factor': {
    type: 'INT',
    default: '1',
    min: 1,
    doc: 'Offsets are in a file of their own here.',
  },
  'producer.id.expiration.ms': {
    type: 'INT',
    default: '86400000',
    min: 1,
    doc: 'When a silent producer is forgotten.',
  },
  'transaction.max.timeout.ms': {
    type: 'INT',
    default: '900000',
    min: 1,
    doc: 'Greatest transaction.timeout.ms of a producer.',
  },
  'transaction.state.log.min.isr': {
    type: 'INT',
    default: '1',
    min: 1,
    doc: 'Transactions are in a file of their own.',
  },
  'transaction.state.log.replication.factor': {
    type: 'INT',
    default: '1',
    min: 1,
    doc: 'Transactions are in a file of their own here.',
  },
  'transactional.id.expiration.ms': {
    type: 'INT',
    default: '604800000',
    min: 1,
    doc: 'When an unused transactional id is forgotten.',
  },
  'socket.request.max.bytes': { type: 'INT', default: '104857600', min: 1, doc: 'Greatest request.' },
}

export const BROKER_CONFIG_KEYS: Readonly<Record<string, ConfigKey>> = {
  ...OWN_KEYS,
  ...Object.fromEntries(
    Object.values(TOPIC_CONFIG_KEYS).flatMap((key) => (key.broker === undefined ? [] : [[key.broker, key]])),
  ),
}

export class BrokerSettings {
  readonly #given = new Map<string, string>()

  /** An unknown or invalid property is reported by name and left out. */
  constructor(given: Readonly<Record<string, string | number | boolean>>, logger: Logger) {
    for (const [name, value] of Object.entries(given)) {
      const key = Object.hasOwn(BROKER_CONFIG_KEYS, name) ? BROKER_CONFIG_KEYS[name] : undefined
      const problem = key === undefined ? 'unknown broker property' : invalidValue(name, key, String(value))
      if (problem === undefined) this.#given.set(name, String(value))
      else logger.warn(`${name}: ${problem}; ignored`)
    }
  }

  text(name: string): string {
    const key = BROKER_CONFIG_KEYS[name]
    if (key === undefined) throw new TypeError(`no broker property ${name}`)
    return this.#given.get(name) ?? key.default
  }

  number(name: string): number {
    return Number(this.text(name))
  }

  flag(name: string): boolean {
    return this.text(name).toLowerCase() === 'true'
  }

  isGiven(name: string): boolean {
    return this.#given.has(name)
  }

  /** What a topic has for a property that nobody set on it. */
  topicDefault(name: string): string {
    const key = TOPIC_CONFIG_KEYS[name]
    if (key === undefined) throw new TypeError(`no topic property ${name}`)
    return key.broker === undefined ? key.default : this.text(key.broker)
  }
}
