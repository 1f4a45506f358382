import { connectJson, parseConnectJson } from '../api/connect-json.ts'
import type { Props } from '../api/props.ts'
import type { LogEntry, LogRecord } from './log.ts'

/** What the config topic can say, byte-compatible with Kafka Connect (connect.storage.KafkaConfigBackingStore). */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

export interface SessionKey {
  /** Raw bytes of the key, base64. */
  readonly key: string
  readonly algorithm: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export type ConfigRecord =
  | { readonly kind: 'connector'; readonly connector: string; readonly props: Props | null }
  | { readonly kind: 'target-state'; readonly connector: string; readonly state: TargetState | null }
  | { readonly kind: 'task'; readonly connector: string; readonly task: number; readonly props: Props }
  | { readonly kind: 'commit'; readonly connector: string; readonly tasks: number }
  | {
      readonly kind: 'restart'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }
  | { readonly kind: 'fencing'; readonly connector: string; readonly taskCount: number }
  | { readonly kind: 'session-key'; readonly sessionKey: SessionKey }
  | { readonly kind: 'logger-level'; readonly logger: string; readonly level: string }

export function encodeConfigRecord(record: ConfigRecord): LogEntry {
  switch (record.kind) {
    case 'connector':
      return entry(`connector-${record.connector}`, record.props && { properties: record.props })
    case 'target-state':
      return entry(`target-state-${record.connector}`, record.state && targetStateValue(record.state))
    case 'task':
      return entry(`task-${record.connector}-${record.task}`, { properties: record.props })
    case 'commit':
      return entry(`commit-${record.connector}`, { tasks: record.tasks })
    case 'restart':
      return entry(`restart-connector-${record.connector}`, {
        'include-tasks': record.includeTasks,
        'only-failed': record.onlyFailed,
      })
    case 'fencing':
      return entry(`tasks-fencing-${record.connector}`, { 'task-count': record.taskCount })
    case 'session-key': {
      const { key, algorithm, createdAt } = record.sessionKey
      return entry('session-key', { key, algorithm, 'creation-timestamp': createdAt })
    }
    case 'logger-level':
      return entry(`logger-cluster-${record.logger}`, { level: record.level })
  }
}

function entry(key: string, value: object | null): LogEntry {
  return { key: Buffer.from(key), value: value === null ? null : Buffer.from(connectJson(value)) }
}

/** Workers before 3.5 know no STOPPED: they read `state` and see PAUSED. */
function targetStateValue(state: TargetState): object {
  return { state: state === 'STOPPED' ? 'PAUSED' : state, 'state.v2': state }
}

type Fields = Readonly<Record<string, unknown>>

/** In the order in which Kafka Connect tries them: a longer prefix never hides behind a shorter one. */
const PARSERS: readonly (readonly [prefix: string, (name: string, value: Fields | null) => ConfigRecord | string])[] = [
  ['target-state-', parseTargetState],
  ['connector-', parseConnector],
  ['task-', parseTask],
  ['commit-', parseCommit],
  ['restart-connector-', parseRestart],
  ['tasks-fencing-', parseFencing],
  ['session-key', parseSessionKey],
  ['logger-cluster-', parseLoggerLevel],
]

/** The record's meaning, or a sentence saying why it is skipped. Fields that are not known are ignored. */
export function parseConfigRecord(record: Pick<LogRecord, 'key' | 'value'>): ConfigRecord | string {
  if (record.key === null) return 'a record without a key'
  const key = record.key.toString('utf8')
  const parser = PARSERS.find(([prefix]) => key.startsWith(prefix))
  if (parser === undefined) return `unknown key ${key}`
  const value = record.value === null ? null : parseConnectJson(record.value.toString('utf8'))
  if (value !== null && !isFields(value)) return `${key} holds no JSON object`
  const [prefix, parse] = parser
  const parsed = parse(key.slice(prefix.length), value)
  return typeof parsed === 'string' ? `${key} ${parsed}` : parsed
}

function parseTargetState(connector: string, value: Fields | null): ConfigRecord | string {
  if (value === null) return { kind: 'target-state', connector, state: null }
  const state = value['state.v2'] ?? value['state']
  if (state === 'STARTED' || state === 'PAUSED' || state === 'STOPPED')
    return { kind: 'target-state', connector, state }
  return `has the unknown target state ${String(state)}`
}

function parseConnector(connector: string, value: Fields | null): ConfigRecord | string {
  if (value === null) return { kind: 'connector', connector, props: null }
  const props = parseProps(value)
  return props === undefined ? 'has no map `properties`' : { kind: 'connector', connector, props }
}

function parseTask(id: string, value: Fields | null): ConfigRecord | string {
  const dash = id.lastIndexOf('-')
  const number = id.slice(dash + 1)
  if (dash < 0 || !/^\d+$/.test(number)) return 'names no task'
  const props = value === null ? undefined : parseProps(value)
  if (props === undefined) return 'has no map `properties`'
  return { kind: 'task', connector: id.slice(0, dash), task: Number(number), props }
}

function parseCommit(connector: string, value: Fields | null): ConfigRecord | string {
  const tasks = value?.['tasks']
  return isCount(tasks) ? { kind: 'commit', connector, tasks } : 'has no number `tasks`'
}

function parseRestart(connector: string, value: Fields | null): ConfigRecord | string {
  if (value === null) return 'has no value'
  const includeTasks = value['include-tasks'] ?? false
  const onlyFailed = value['only-failed'] ?? false
  if (typeof includeTasks !== 'boolean' || typeof onlyFailed !== 'boolean') return 'has flags that are not boolean'
  return { kind: 'restart', connector, includeTasks, onlyFailed }
}

function parseFencing(connector: string, value: Fields | null): ConfigRecord | string {
  const taskCount = value?.['task-count']
  return isCount(taskCount) ? { kind: 'fencing', connector, taskCount } : 'has no number `task-count`'
}

function parseSessionKey(_rest: string, value: Fields | null): ConfigRecord | string {
  const key = value?.['key']
  const algorithm = value?.['algorithm']
  const createdAt = value?.['creation-timestamp']
  if (typeof key !== 'string' || typeof algorithm !== 'string' || typeof createdAt !== 'number')
    return 'lacks key, algorithm or creation-timestamp'
  return { kind: 'session-key', sessionKey: { key, algorithm, createdAt } }
}

function parseLoggerLevel(logger: string, value: Fields | null): ConfigRecord | string {
  const level = value?.['level']
  return typeof level === 'string' ? { kind: 'logger-level', logger, level } : 'has no `level`'
}

/** Null values mean "not set"; the runtime never writes any. */
function parseProps(value: Fields): Props | undefined {
  const properties = value['properties']
  if (!isFields(properties)) return undefined
  const props: Record<string, string> = {}
  for (const [name, text] of Object.entries(properties)) if (typeof text === 'string') props[name] = text
  return props
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
