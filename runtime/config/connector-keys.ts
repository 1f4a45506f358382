import { configDef, validators } from '../api/index.ts'
import type { ConfigKey } from '../api/index.ts'
import { connectorName, uniqueAliases } from './key-rules.ts'
import { recoveryConnectorKeys } from './recovery-keys.ts'

/**
 * The definitions that every connector has (org.apache.kafka.connect.runtime.ConnectorConfig).
 * Keys, groups, orders and widths are shown by the REST API and are Connect's.
 */
export const COMMON = 'Common'
export const ERRORS = 'Error Handling'

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
    importance: 'MEDIUM',
    group: COMMON,
    order: 3,
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
    order: 4,
    width: 'SHORT',
    displayName: 'Tasks max',
  },
  'tasks.max.enforce': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    documentation: '(Deprecated) Whether a connector that generates more than tasks.max tasks fails.',
    group: COMMON,
    order: 5,
    width: 'SHORT',
    displayName: 'Enforce tasks max',
  },
  'key.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record keys; default: the worker's.",
    group: COMMON,
    order: 6,
    width: 'SHORT',
    displayName: 'Key converter class',
  },
  'key.converter.plugin.version': {
    ...version('key converter'),
    group: COMMON,
    order: 7,
    width: 'SHORT',
    displayName: 'Key converter version',
  },
  'value.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record values; default: the worker's.",
    group: COMMON,
    order: 8,
    width: 'SHORT',
    displayName: 'Value converter class',
  },
  'value.converter.plugin.version': {
    ...version('value converter'),
    group: COMMON,
    order: 9,
    width: 'SHORT',
    displayName: 'Value converter version',
  },
  'header.converter': {
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    documentation: "Converter of record headers; default: the worker's.",
    group: COMMON,
    order: 10,
    width: 'SHORT',
    displayName: 'Header converter class',
  },
  'header.converter.plugin.version': {
    ...version('header converter'),
    group: COMMON,
    order: 11,
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
    order: 12,
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
    order: 13,
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
    order: 14,
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

/** Ours, on top of Connect's keys; not part of validation answers, which are Connect's. */
export const extraConnectorDef = configDef({
  'task.isolation': {
    type: 'STRING',
    default: null,
    validator: validators.oneOf('process', 'dedicated', 'shared', 'inline'),
    importance: 'LOW',
    documentation:
      "How this connector's tasks run: child process, dedicated thread, shared threads, or inline; default: the worker's.",
  },
  ...recoveryConnectorKeys,
})
