import { ConfigError, configDef, validators } from '../api/index.ts'
import { commonConnectorDef } from './connector-keys.ts'
import { rule, uniqueAliases } from './key-rules.ts'

/** Without a value the worker's interval holds. */
const nonNegative = rule('[0,...]', (key, value) => {
  if (value !== null && (value as number) < 0) throw ConfigError.invalid(key, value, 'Value must be at least 0')
})

/** org.apache.kafka.connect.runtime.SourceConnectorConfig */
export const sourceConnectorDef = configDef({
  ...commonConnectorDef.keys,
  'topic.creation.groups': {
    type: 'LIST',
    default: [],
    validator: uniqueAliases,
    importance: 'LOW',
    documentation: 'Groups of settings for topics created by this connector.',
    group: 'Topic Creation',
    order: 1,
    width: 'LONG',
    displayName: 'Topic Creation Groups',
  },
  'exactly.once.support': {
    type: 'STRING',
    default: 'requested',
    validator: validators.oneOfIgnoreCase('REQUIRED', 'REQUESTED'),
    importance: 'MEDIUM',
    documentation: 'required: creation fails when exactly-once delivery is not possible.',
    group: 'Exactly Once Support',
    order: 2,
    width: 'SHORT',
    displayName: 'Exactly once support',
  },
  'transaction.boundary': {
    type: 'STRING',
    default: 'poll',
    validator: validators.oneOfIgnoreCase('INTERVAL', 'POLL', 'CONNECTOR'),
    importance: 'MEDIUM',
    documentation: 'Where transactions of the producer end: at each poll, at an interval, or where the connector says.',
    group: 'Exactly Once Support',
    order: 3,
    width: 'SHORT',
    displayName: 'Transaction Boundary',
  },
  'transaction.boundary.interval.ms': {
    type: 'LONG',
    default: null,
    validator: nonNegative,
    importance: 'LOW',
    documentation: "Interval for transaction.boundary=interval; default: the worker's offset.flush.interval.ms.",
    group: 'Exactly Once Support',
    order: 4,
    width: 'SHORT',
    displayName: 'Transaction boundary interval',
  },
  'offsets.storage.topic': {
    type: 'STRING',
    default: null,
    validator: validators.nonEmpty,
    importance: 'LOW',
    documentation: "A topic of its own for this connector's offsets; default: the worker's.",
    group: 'offsets.topic',
    order: 1,
    width: 'LONG',
    displayName: 'Offsets topic',
  },
})
