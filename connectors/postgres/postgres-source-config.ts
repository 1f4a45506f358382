import { ConfigError } from 'naru/api'
import type { Props } from 'naru/api'
import { CaptureFilter, anchoredRegex, parseKeyColumns, parseRegexList, splitEscaped } from './capture-filter.ts'
import type { KeyRule } from './capture-filter.ts'
import { postgresConfigDef } from './config-keys.ts'
import type { ConnectionOptions, SslMode } from './postgres/connection.ts'
import type { AutocreateMode } from './postgres/publication.ts'
import type { NamingStrategy, TopicNamingOptions } from './topic-naming.ts'
import type { BinaryMode, DecimalMode, HstoreMode, IntervalMode, TimeMode, TypeOptions } from './types/type-options.ts'

export type SnapshotMode = 'initial' | 'initial_only' | 'no_data' | 'always' | 'when_needed'
export type Operation = 'c' | 'u' | 'd' | 't'

/** The settings as code uses them: parsed, and checked against each other. */
export class PostgresSourceConfig {
  readonly prefix: string
  readonly version: string
  readonly connection: ConnectionOptions
  readonly naming: TopicNamingOptions
  readonly types: TypeOptions
  readonly filter: CaptureFilter
  readonly keyRules: readonly KeyRule[]
  readonly skipped: ReadonlySet<Operation>
  /** `publish` of a publication that we create; undefined: the server's default. */
  readonly publish: string | undefined
  readonly tombstones: boolean
  readonly slot: {
    readonly name: string
    readonly dropOnStop: boolean
    readonly failover: boolean
    readonly streamParams: readonly (readonly [string, string])[]
    readonly maxRetries: number
    readonly retryDelayMs: number
  }
  readonly publication: { readonly name: string; readonly mode: AutocreateMode; readonly viaPartitionRoot: boolean }
  readonly replicaIdentities: readonly { readonly table: RegExp; readonly value: string }[]
  readonly snapshot: { readonly mode: SnapshotMode; readonly delayMs: number; readonly tables: readonly RegExp[] }
  readonly streamingDelayMs: number
  readonly statusIntervalMs: number
  readonly confirm: boolean
  readonly heartbeat: { readonly intervalMs: number; readonly actionQuery: string | undefined }
  readonly transactionMetadata: boolean
  readonly contextHeaders: boolean
  readonly queue: { readonly maxRecords: number; readonly maxBytes: number; readonly maxBatch: number }
  readonly errorsMaxRetries: number
  readonly retryMaxMs: number

  private constructor(props: Props) {
    const c = postgresConfigDef.parse(props)
    const optional = (value: string | null) => (value === null || value === '' ? undefined : value)
    this.prefix = c['topic.prefix']
    this.version = c['debezium.compat.version']
    this.connection = {
      host: c['database.hostname'],
      port: c['database.port'],
      user: c['database.user'],
      password: c['database.password'] ?? undefined,
      database: c['database.dbname'],
      sslMode: lower<SslMode>(c['database.sslmode']),
      sslRootCert: optional(c['database.sslrootcert']),
      sslCert: optional(c['database.sslcert']),
      sslKey: optional(c['database.sslkey']),
      sslPassword: optional(c['database.sslpassword']),
      keepAlive: c['database.tcpKeepAlive'],
      connectTimeoutMs: c['connection.validation.timeout.ms'],
      queryTimeoutMs: c['database.query.timeout.ms'],
      initialStatements: optional(c['database.initial.statements']),
    }
    this.naming = {
      prefix: this.prefix,
      delimiter: c['topic.delimiter'],
      strategy: namingStrategy(c['topic.naming.strategy']),
      regex: c['topic.regex'] === null ? undefined : anchoredRegex('topic.regex', c['topic.regex']),
      replacement: c['topic.replacement'] ?? '',
      heartbeatPrefix: c['topic.heartbeat.prefix'],
      heartbeatName: optional(c['topic.heartbeat.name']),
      transactionSuffix: c['topic.transaction'],
      database: c['database.dbname'],
    }
    this.types = {
      decimalMode: lower<DecimalMode>(c['decimal.handling.mode']),
      timeMode: lower<TimeMode>(c['time.precision.mode']),
      binaryMode: lower<BinaryMode>(c['binary.handling.mode']),
      intervalMode: lower<IntervalMode>(c['interval.handling.mode']),
      hstoreMode: lower<HstoreMode>(c['hstore.handling.mode']),
      moneyFractionDigits: c['money.fraction.digits'],
      includeUnknown: c['include.unknown.datatypes'],
      placeholder: placeholderBytes(c['unavailable.value.placeholder']),
      debezium37: atLeast(this.version, 3, 7),
    }
    for (const kind of ['schema', 'table', 'column', 'message.prefix'] as const) exclusive(c, kind)
    const list = (key: keyof typeof c & `${string}list`) => parseRegexList(key, c[key])
    this.filter = new CaptureFilter({
      schemaInclude: list('schema.include.list'),
      schemaExclude: list('schema.exclude.list'),
      tableInclude: list('table.include.list'),
      tableExclude: list('table.exclude.list'),
      columnInclude: list('column.include.list'),
      columnExclude: list('column.exclude.list'),
      messagePrefixInclude: list('message.prefix.include.list'),
      messagePrefixExclude: list('message.prefix.exclude.list'),
    })
    this.keyRules = parseKeyColumns('message.key.columns', c['message.key.columns'])
    this.skipped = operations(c['skipped.operations'])
    this.publish = props['skipped.operations'] === undefined ? undefined : published(this.skipped)
    this.tombstones = c['tombstones.on.delete']
    this.slot = {
      name: c['slot.name'],
      dropOnStop: c['slot.drop.on.stop'],
      failover: c['slot.failover'],
      streamParams: streamParams(c['slot.stream.params']),
      maxRetries: c['slot.max.retries'],
      retryDelayMs: c['slot.retry.delay.ms'],
    }
    this.publication = {
      name: c['publication.name'],
      mode: lower<AutocreateMode>(c['publication.autocreate.mode']),
      viaPartitionRoot: c['publish.via.partition.root'],
    }
    this.replicaIdentities = replicaIdentities(c['replica.identity.autoset.values'])
    this.snapshot = {
      mode: lower<SnapshotMode>(c['snapshot.mode']),
      delayMs: c['snapshot.delay.ms'],
      tables: list('snapshot.include.collection.list'),
    }
    this.streamingDelayMs = c['streaming.delay.ms']
    this.statusIntervalMs = c['status.update.interval.ms']
    this.confirm = c['flush.lsn.source'] && lower(c['lsn.flush.mode']) !== 'manual'
    this.heartbeat = { intervalMs: c['heartbeat.interval.ms'], actionQuery: optional(c['heartbeat.action.query']) }
    this.transactionMetadata = c['provide.transaction.metadata']
    this.contextHeaders = c['extended.headers.enabled']
    this.queue = {
      maxRecords: c['max.queue.size'],
      maxBytes: c['max.queue.size.in.bytes'],
      maxBatch: c['max.batch.size'],
    }
    if (this.queue.maxRecords <= this.queue.maxBatch)
      throw ConfigError.invalid(
        'max.queue.size',
        this.queue.maxRecords,
        `Value must be greater than max.batch.size (${this.queue.maxBatch})`,
      )
    this.errorsMaxRetries = c['errors.max.retries']
    this.retryMaxMs = c['retriable.restart.connector.wait.ms']
  }

  static parse(props: Props): PostgresSourceConfig {
    rejectUnsupported(props)
    return new PostgresSourceConfig(props)
  }
}

/** Ignoring these would put data into topics that the user wants hidden or changed: better no event at all. */
const REFUSED = [
  /^column\.mask\./,
  /^column\.truncate\./,
  /^converters$/,
  /^post\.processors$/,
  /^snapshot\.select\.statement\.overrides/,
]
/** Known to Debezium, without effect here. */
const IGNORED = [
  /^signal\./,
  /^notification\./,
  /^incremental\.snapshot\./,
  /\.propagate\.source\.type$/,
  /^read\.only$/,
  /^xmin\./,
  /^offset\.mismatch\./,
]

function rejectUnsupported(props: Props): void {
  for (const key of Object.keys(props)) {
    if (REFUSED.some((pattern) => pattern.test(key)))
      throw new ConfigError(
        key,
        `Invalid value for configuration ${key}: this setting is not supported by this connector; remove it`,
      )
  }
}

/** Keys that are set but do nothing, for a warning. */
export function ignoredKeys(props: Props): readonly string[] {
  return Object.keys(props).filter((key) => IGNORED.some((pattern) => pattern.test(key)))
}

function lower<T extends string>(text: string): T {
  return text.toLowerCase() as T
}

function exclusive(config: Readonly<Record<string, unknown>>, kind: string): void {
  const include = `${kind}.include.list`
  if (config[include] !== null && config[`${kind}.exclude.list`] !== null)
    throw new ConfigError(
      include,
      `Invalid value for configuration ${include}: "${include}" and "${kind}.exclude.list" exclude each other; keep one`,
    )
}

function placeholderBytes(text: string): Buffer {
  return text.startsWith('hex:') ? Buffer.from(text.slice(4), 'hex') : Buffer.from(text, 'utf8')
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
}

const OPERATIONS: readonly string[] = ['c', 'u', 'd', 't']

function operations(text: string): ReadonlySet<Operation> {
  const parts = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
  if (parts.length === 1 && parts[0] === 'none') return new Set()
  const wrong = parts.find((part) => !OPERATIONS.includes(part))
  if (wrong !== undefined) throw ConfigError.invalid('skipped.operations', wrong, 'expected c, u, d, t or none')
  return new Set(parts as Operation[])
}

function published(skipped: ReadonlySet<Operation>): string | undefined {
  const names = { c: 'insert', u: 'update', d: 'delete', t: 'truncate' } as const
  const kept = (Object.keys(names) as Operation[]).filter((operation) => !skipped.has(operation))
  return kept.length === 4 ? undefined : kept.map((operation) => names[operation]).join(', ')
}

function namingStrategy(className: string): NamingStrategy {
  const simple = className.slice(className.lastIndexOf('.') + 1)
  switch (simple) {
    case 'SchemaTopicNamingStrategy':
      return 'schema'
    case 'SchemaUnicodeTopicNamingStrategy':
      return 'schema-unicode'
    case 'SchemaRegexTopicNamingStrategy':
      return 'schema-regex'
    case 'DefaultTopicNamingStrategy':
      return 'table'
    case 'DefaultUnicodeTopicNamingStrategy':
      return 'table-unicode'
    case 'DefaultRegexTopicNamingStrategy':
      return 'table-regex'
    default:
      throw ConfigError.invalid(
        'topic.naming.strategy',
        className,
        'unknown strategy; expected one of io.debezium.schema.*TopicNamingStrategy',
      )
  }
}

function streamParams(text: string | null): readonly (readonly [string, string])[] {
  return splitEscaped(text ?? '', ';')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...value] = part.split('=')
      return [name.trim(), value.join('=').trim()] as const
    })
}

function replicaIdentities(text: string | null): PostgresSourceConfig['replicaIdentities'] {
  const key = 'replica.identity.autoset.values'
  return splitEscaped(text ?? '', ',')
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.lastIndexOf(':')
      const value = part.slice(colon + 1).trim()
      if (colon <= 0 || !/^(default|full|nothing|index\s+\S+)$/i.test(value))
        throw ConfigError.invalid(key, part, 'expected <table regex>:<DEFAULT|FULL|NOTHING|INDEX name>')
      return { table: anchoredRegex(key, part.slice(0, colon).trim()), value }
    })
}
