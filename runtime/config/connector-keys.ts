import { ConfigError, configDef, javaRegex, validators } from '../api/index.ts'
import type { ConfigKey, Validator } from '../api/index.ts'

/**
 * The definitions that every connector has (org.apache.kafka.connect.runtime.ConnectorConfig, SourceConnectorConfig, SinkConnectorConfig).
 * Keys, groups, orders and widths are shown by the REST API and are Connect's.
 */
const rule = (describe: string, check: (key: string, value: unknown) => void): Validator =>
  Object.assign(check, { describe })

const connectorName = rule('non-empty string without ISO control characters', (key, value) => {
  if (value === null) return
  const name = value as string
  if (name === '') throw ConfigError.invalid(key, name, 'String may not be empty')
  const control = [...name].map((c) => c.codePointAt(0)!).filter((c) => c < 0x20 || (c >= 0x7f && c < 0xa0))
  if (control.length > 0)
    throw ConfigError.invalid(
      key,
      name,
      `String may not contain control sequences but had the following ASCII chars: ${control.join(', ')}`,
    )
})

const uniqueAliases = rule('unique aliases', (key, value) => {
  const list = (value ?? []) as readonly string[]
  if (new Set(list).size < list.length)
    throw ConfigError.invalid(key, `[${list.join(', ')}]`, 'Duplicate alias provided.')
})

const regex = rule('valid regex', (key, value) => {
  try {
    javaRegex((value ?? '') as string)
  } catch {
    throw ConfigError.invalid(key, value, 'Invalid regex')
  }
})

const COMMON = 'Common'
const ERRORS = 'Error Handling'

const version = (what: string): ConfigKey<'STRING', null> => ({
  type: 'STRING',
  default: null,
  importance: 'LOW',
  documentation: `Version of the ${what}, or a range of versions.`,
})

export const commonConnectorDef = configDef({
  name: {
    type: 'STRING',
    validator: connectorName,
    importance: 'HIGH',
    documentation: 'Globally unique name to use for this connector.',
    group: COMMON,
    order: 1,
    width: 'MEDIUM',
    displayName: 'Connector name',
  },
  'connector.class': {
    type: 'STRING',
    importance: 'HIGH',
    documentation:
      'Class of the connector: the full name, its last part, or that without "Connector" at the end. See GET /connector-plugins.',
    group: COMMON,
    order: 2,
    width: 'LONG',
    displayName: 'Connector class',
  },
  'connector.plugin.version': {
    ...version('connector'),
    group: COMMON,
    order: 2,
    width: 'MEDIUM',
    displayName: 'Connector version',
  },
  'tasks.max': {
    type: 'INT',
    default: 1,
    validator: validators.atLeast(1),
    importance: 'HIGH',
    documentation: 'Maximum number of tasks to use for this connector.',
    group: COMMON,
    order: 3,
    width: 'SHORT',
    displayName: 'Tasks max',
  },
  'tasks.max.enforce': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    documentation: '(Deprecated) Whether a connector that generates more than tasks.max tasks fails.',
    group: COMMON,
    order: 4,
    width: 'SHORT',
    displayName: 'Enforce tasks max',
  },
  'key.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record keys; default: the worker's.",
    group: COMMON,
    order: 5,
    width: 'SHORT',
    displayName: 'Key converter class',
  },
  'key.converter.plugin.version': {
    ...version('key converter'),
    group: COMMON,
    order: 5,
    width: 'SHORT',
    displayName: 'Key converter version',
  },
  'value.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record values; default: the worker's.",
    group: COMMON,
    order: 6,
    width: 'SHORT',
    displayName: 'Value converter class',
  },
  'value.converter.plugin.version': {
    ...version('value converter'),
    group: COMMON,
    order: 6,
    width: 'SHORT',
    displayName: 'Value converter version',
  },
  'header.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record headers; default: the worker's.",
    group: COMMON,
    order: 7,
    width: 'SHORT',
    displayName: 'Header converter class',
  },
  'header.converter.plugin.version': {
    ...version('header converter'),
    group: COMMON,
    order: 7,
    width: 'SHORT',
    displayName: 'Header converter version',
  },
  transforms: {
    type: 'LIST',
    default: [],
    validator: uniqueAliases,
    importance: 'LOW',
    documentation: 'Aliases for the transformations to be applied to records, in order.',
    group: 'Transforms',
    order: 8,
    width: 'LONG',
    displayName: 'Transforms',
  },
  predicates: {
    type: 'LIST',
    default: [],
    validator: uniqueAliases,
    importance: 'LOW',
    documentation: 'Aliases for the predicates used by transformations.',
    group: 'Predicates',
    order: 9,
    width: 'LONG',
    displayName: 'Predicates',
  },
  'config.action.reload': {
    type: 'STRING',
    default: 'restart',
    validator: validators.oneOf('none', 'restart'),
    importance: 'LOW',
    documentation: 'What to do when a value from a config provider expires: none or restart.',
    group: COMMON,
    order: 10,
    width: 'MEDIUM',
    displayName: 'Reload Action',
  },
  'errors.retry.timeout': {
    type: 'LONG',
    default: 0,
    importance: 'MEDIUM',
    documentation: 'How long a failed operation is tried again, in milliseconds. 0: not at all; -1: for ever.',
    group: ERRORS,
    order: 1,
    width: 'MEDIUM',
    displayName: 'Retry Timeout for Errors',
  },
  'errors.retry.delay.max.ms': {
    type: 'LONG',
    default: 60_000,
    importance: 'MEDIUM',
    documentation: 'Longest pause between two tries, in milliseconds.',
    group: ERRORS,
    order: 2,
    width: 'MEDIUM',
    displayName: 'Maximum Delay Between Retries for Errors',
  },
  'errors.tolerance': {
    type: 'STRING',
    default: 'none',
    validator: validators.oneOf('none', 'all'),
    importance: 'MEDIUM',
    documentation: 'none: a record that cannot be processed fails the task. all: it is skipped.',
    group: ERRORS,
    order: 3,
    width: 'SHORT',
    displayName: 'Error Tolerance',
  },
  'errors.log.enable': {
    type: 'BOOLEAN',
    default: false,
    importance: 'MEDIUM',
    documentation: 'Log each error with the operation and where the record came from.',
    group: ERRORS,
    order: 4,
    width: 'SHORT',
    displayName: 'Log Errors',
  },
  'errors.log.include.messages': {
    type: 'BOOLEAN',
    default: false,
    importance: 'MEDIUM',
    documentation:
      'Log also the record: topic, partition, offset and timestamp of a sink record, all of a source record.',
    group: ERRORS,
    order: 5,
    width: 'SHORT',
    displayName: 'Log Error Details',
  },
})

export const sinkConnectorDef = configDef({
  ...commonConnectorDef.keys,
  topics: {
    type: 'LIST',
    default: [],
    importance: 'HIGH',
    documentation: 'Topics to consume, separated by commas.',
    group: COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics',
  },
  'topics.regex': {
    type: 'STRING',
    default: '',
    validator: regex,
    importance: 'HIGH',
    documentation: 'Regular expression of the topics to consume; instead of topics.',
    group: COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics regex',
  },
  'errors.deadletterqueue.topic.name': {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    documentation: 'Topic for records that cannot be processed; empty: none.',
    group: ERRORS,
    order: 6,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Name',
  },
  'errors.deadletterqueue.topic.replication.factor': {
    type: 'SHORT',
    default: 3,
    importance: 'MEDIUM',
    documentation: 'Used when that topic does not exist and is created.',
    group: ERRORS,
    order: 7,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Replication Factor',
  },
  'errors.deadletterqueue.context.headers.enable': {
    type: 'BOOLEAN',
    default: false,
    importance: 'MEDIUM',
    documentation: 'Add headers that begin with __connect.errors. and say what went wrong where.',
    group: ERRORS,
    order: 8,
    width: 'MEDIUM',
    displayName: 'Enable Error Context Headers',
  },
})

const nonNegative = validators.atLeast(0)

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
    validator: validators.oneOfIgnoreCase('requested', 'required'),
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
    validator: validators.oneOfIgnoreCase('poll', 'interval', 'connector'),
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

/** Ours, on top of Connect's keys; not part of validation answers, which are Connect's. */
export const extraConnectorDef = configDef({
  'task.isolation': {
    type: 'STRING',
    default: null,
    validator: validators.oneOf('dedicated', 'shared', 'inline'),
    importance: 'LOW',
    documentation:
      "How this connector's tasks run: dedicated thread, shared threads, or inline; default: the worker's.",
  },
})
