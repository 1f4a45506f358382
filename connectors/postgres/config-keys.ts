import type { ConfigKey, Validator } from 'naru/api'
import { ConfigError, configDef, validators } from 'naru/api'

/** The definition of the connector's keys: Debezium's names, types and defaults (3.6). */

const matches = (pattern: RegExp, what: string): Validator =>
  Object.assign(
    (key: string, value: unknown) => {
      if (typeof value === 'string' && !pattern.test(value)) throw ConfigError.invalid(key, value, what)
    },
    { describe: String(pattern) },
  )

const choice = (...allowed: readonly string[]): Validator => validators.oneOfIgnoreCase(...allowed)

const required = (documentation: string, validator?: Validator) =>
  ({ type: 'STRING', importance: 'HIGH', documentation, ...(validator === undefined ? {} : { validator }) }) as const
const text = <const D extends string>(standard: D, documentation: string, validator?: Validator) =>
  ({
    type: 'STRING',
    default: standard,
    importance: 'MEDIUM',
    documentation,
    ...(validator === undefined ? {} : { validator }),
  }) as const
const optionalText = (documentation: string) =>
  ({ type: 'STRING', default: null, importance: 'MEDIUM', documentation }) as const
const flag = (standard: boolean, documentation: string) =>
  ({ type: 'BOOLEAN', default: standard, importance: 'MEDIUM', documentation }) as const
const long = (standard: number, documentation: string, min = 0) =>
  ({
    type: 'LONG',
    default: standard,
    importance: 'MEDIUM',
    documentation,
    validator: validators.atLeast(min),
  }) as const
const password = (documentation: string) =>
  ({ type: 'PASSWORD', default: null, importance: 'HIGH', documentation }) as const

export const configKeys = {
  'database.hostname': required('Host of the PostgreSQL server.', validators.nonEmpty),
  'database.port': {
    type: 'INT',
    default: 5432,
    importance: 'HIGH',
    documentation: 'Port of the PostgreSQL server.',
    validator: validators.between(1, 65_535),
  },
  'database.user': required(
    'User; needs LOGIN and REPLICATION, and SELECT on the captured tables.',
    validators.nonEmpty,
  ),
  'database.password': password('Password of the user.'),
  'database.dbname': required('The database to capture; one per connector.', validators.nonEmpty),
  'database.sslmode': text(
    'prefer',
    'disable, allow, prefer, require, verify-ca or verify-full, as in libpq.',
    choice('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'),
  ),
  'database.sslrootcert': optionalText('File of the certificate authority, PEM.'),
  'database.sslcert': optionalText('File of the client certificate, PEM.'),
  'database.sslkey': optionalText('File of the client key, PEM.'),
  'database.sslpassword': password('Passphrase of the client key.'),
  'database.tcpKeepAlive': flag(true, 'TCP keep-alive probes on every connection.'),
  'database.query.timeout.ms': long(600_000, 'statement_timeout of ordinary connections, in ms; 0: none.'),
  'database.initial.statements': optionalText(
    'SQL run when an ordinary connection opens; `;` separates, `;;` is a semicolon.',
  ),
  'connection.validation.timeout.ms': long(60_000, 'Longest time for a connection to come up, in ms.'),

  'topic.prefix': required(
    'Logical name of the server: first part of all topics, and the identity of the offsets.',
    matches(/^[a-zA-Z0-9_.-]+$/, 'only letters, digits, dots, underscores and hyphens are allowed'),
  ),
  'topic.delimiter': text('.', 'Between the parts of a topic name.'),
  'topic.naming.strategy': text('io.debezium.schema.SchemaTopicNamingStrategy', 'How topics are named.'),
  'topic.regex': optionalText('SchemaRegexTopicNamingStrategy: pattern on the topic name.'),
  'topic.replacement': optionalText('SchemaRegexTopicNamingStrategy: its replacement.'),
  'topic.transaction': text('transaction', 'Suffix of the transaction metadata topic.'),
  'topic.heartbeat.prefix': text('__debezium-heartbeat', 'Prefix of the heartbeat topic.'),
  'topic.heartbeat.name': optionalText('Full name of the heartbeat topic.'),

  'plugin.name': text('pgoutput', 'Logical decoding plugin; only pgoutput.', choice('pgoutput')),
  'slot.name': text(
    'debezium',
    'Replication slot.',
    matches(/^[a-z0-9_]{1,63}$/, 'only lower-case letters, digits and underscores are allowed, at most 63'),
  ),
  'slot.drop.on.stop': flag(
    false,
    'Drop the slot when the task stops. Changes made until the next start are then lost.',
  ),
  'slot.failover': flag(false, 'PostgreSQL 17: create the slot with FAILOVER.'),
  'slot.stream.params': optionalText('More options for START_REPLICATION: `k=v;k=v`.'),
  'slot.max.retries': long(6, 'Attempts to get a slot that another process uses.'),
  'slot.retry.delay.ms': long(10_000, 'Between those attempts, in ms.'),
  'publication.name': text('dbz_publication', 'Publication.', validators.nonEmpty),
  'publication.autocreate.mode': text(
    'all_tables',
    'all_tables, filtered, no_tables or disabled.',
    choice('all_tables', 'filtered', 'disabled', 'no_tables'),
  ),
  'publish.via.partition.root': flag(false, 'Partitioned tables: events under the name of the root.'),
  'replica.identity.autoset.values': optionalText(
    '`<table regex>:<DEFAULT|FULL|NOTHING|INDEX name>`, comma separated; set at start.',
  ),
  'status.update.interval.ms': long(10_000, 'Between status updates to the server, in ms.', 1),
  'lsn.flush.mode': text(
    'connector',
    'connector: confirm what is durable in Kafka; manual: never confirm.',
    choice('connector', 'manual', 'connector_and_driver'),
  ),
  'flush.lsn.source': flag(true, 'Deprecated: false is lsn.flush.mode=manual.'),

  'schema.include.list': optionalText('Regular expressions of schemas to capture.'),
  'schema.exclude.list': optionalText('Regular expressions of schemas not to capture.'),
  'table.include.list': optionalText('Regular expressions of schema.table to capture.'),
  'table.exclude.list': optionalText('Regular expressions of schema.table not to capture.'),
  'column.include.list': optionalText('Regular expressions of schema.table.column to show.'),
  'column.exclude.list': optionalText('Regular expressions of schema.table.column not to show.'),
  'message.key.columns': optionalText('`<table regex>:<column>,<column>;…`: the key in place of the primary key.'),
  'message.prefix.include.list': optionalText('Regular expressions of logical message prefixes to capture.'),
  'message.prefix.exclude.list': optionalText('Regular expressions of logical message prefixes not to capture.'),
  'skipped.operations': text('t', 'Operations without events: c, u, d, t, or none.'),
  'tombstones.on.delete': flag(true, 'A null value after each delete, for log compaction.'),
  'snapshot.include.collection.list': optionalText('Regular expressions: the captured tables that the snapshot reads.'),

  'decimal.handling.mode': text('precise', 'precise, double or string.', choice('precise', 'double', 'string')),
  'time.precision.mode': text(
    'adaptive',
    'adaptive, adaptive_time_microseconds, connect, isostring, microseconds, nanoseconds or structured.',
    choice(
      'adaptive',
      'adaptive_time_microseconds',
      'connect',
      'isostring',
      'microseconds',
      'nanoseconds',
      'structured',
    ),
  ),
  'interval.handling.mode': text('numeric', 'numeric or string.', choice('numeric', 'string')),
  'hstore.handling.mode': text('json', 'json or map.', choice('json', 'map')),
  'binary.handling.mode': text(
    'bytes',
    'bytes, base64, base64-url-safe or hex.',
    choice('bytes', 'base64', 'base64-url-safe', 'hex'),
  ),
  'money.fraction.digits': long(2, 'Scale of type money.'),
  'include.unknown.datatypes': flag(false, 'Show columns of unknown types as bytes of their text.'),
  'unavailable.value.placeholder': text(
    '__debezium_unavailable_value',
    'Stands for an unchanged TOAST value; `hex:…`: raw bytes.',
  ),

  'snapshot.mode': text(
    'initial',
    'initial, initial_only, no_data, always or when_needed.',
    choice('initial', 'initial_only', 'no_data', 'always', 'when_needed'),
  ),
  'snapshot.delay.ms': long(0, 'Wait before the snapshot, in ms.'),
  'streaming.delay.ms': long(0, 'Wait between snapshot and streaming, in ms.'),
  'snapshot.fetch.size': {
    type: 'INT',
    default: null,
    importance: 'LOW',
    documentation: 'Accepted and not needed: tables are read by COPY.',
  },

  'heartbeat.interval.ms': long(0, 'Between heartbeat records, in ms; 0: none.'),
  'heartbeat.action.query': optionalText('SQL run with each heartbeat.'),
  'provide.transaction.metadata': flag(false, 'BEGIN and END records, and a transaction block in events.'),
  'extended.headers.enabled': flag(true, 'Context headers on every change event.'),

  'max.queue.size': {
    type: 'INT',
    default: 8192,
    importance: 'MEDIUM',
    documentation: 'Records that may wait between the decoder and poll.',
    validator: validators.atLeast(1),
  },
  'max.batch.size': {
    type: 'INT',
    default: 2048,
    importance: 'MEDIUM',
    documentation: 'Records per poll.',
    validator: validators.atLeast(1),
  },
  'max.queue.size.in.bytes': long(0, 'Bytes that may wait between the decoder and poll; 0: no such limit.'),
  'poll.interval.ms': long(500, 'Accepted and not needed: records are handed over as soon as they are there.', 1),
  'errors.max.retries': {
    type: 'INT',
    default: -1,
    importance: 'MEDIUM',
    documentation: 'Reconnects after a transient error before the task fails; -1: without limit.',
    validator: validators.atLeast(-1),
  },
  'retriable.restart.connector.wait.ms': long(10_000, 'Longest pause between reconnects, in ms.', 1),
  'debezium.compat.version': text(
    '3.6.3.Final',
    'The Debezium version whose event shapes are kept, and what source.version says.',
    matches(/^\d+\.\d+(\.\S+)?$/, 'expected a version such as 3.6.3.Final'),
  ),
} as const satisfies Readonly<Record<string, ConfigKey>>

export const postgresConfigDef = configDef(configKeys)
