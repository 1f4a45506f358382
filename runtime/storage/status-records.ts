import { connectJson, parseConnectJson } from '../api/connect-json.ts'
import type { LogEntry, LogRecord } from './log.ts'

/** What the status topic can say, byte-compatible with Kafka Connect (connect.storage.KafkaStatusBackingStore). */
export type StatusState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'STOPPED' | 'RESTARTING' | 'DESTROYED'

export interface StatusSubject {
  readonly connector: string
  /** Absent: the connector itself. */
  readonly task?: number | undefined
}

export interface Status {
  readonly state: StatusState
  readonly workerId: string
  /** Generation of the worker group when the work was assigned; 0 without a group. */
  readonly generation: number
  readonly trace: string | null
  /** Version of the plugin; null when unknown, as in what workers before 4.1 wrote. */
  readonly version: string | null
}

export interface TopicStatus {
  readonly topic: string
  readonly connector: string
  readonly task: number
  /** Milliseconds since the epoch. */
  readonly discoveredAt: number
}

export type StatusRecord =
  | { readonly kind: 'status'; readonly subject: StatusSubject; readonly status: Status | null }
  | { readonly kind: 'topic'; readonly topic: string; readonly connector: string; readonly used: TopicStatus | null }

const STATES: ReadonlySet<unknown> = new Set<StatusState>([
  'UNASSIGNED',
  'RUNNING',
  'PAUSED',
  'FAILED',
  'STOPPED',
  'RESTARTING',
  'DESTROYED',
])

export function encodeStatusRecord(record: StatusRecord): LogEntry {
  switch (record.kind) {
    case 'status': {
      const { subject, status } = record
      // A destroyed instance leaves no record: its status is the tombstone.
      const alive = status !== null && status.state !== 'DESTROYED'
      return {
        key: Buffer.from(subjectKey(subject)),
        value: alive
          ? json({
              state: status.state,
              trace: status.trace,
              worker_id: status.workerId,
              generation: status.generation,
              version: status.version,
            })
          : null,
      }
    }
    case 'topic': {
      const { topic, connector, used } = record
      return {
        key: Buffer.from(`status-topic-${topic}:connector-${connector}`),
        value:
          used && json({ topic: { name: topic, connector, task: used.task, discoverTimestamp: used.discoveredAt } }),
      }
    }
  }
}

function json(value: object): Buffer {
  return Buffer.from(connectJson(value))
}

export function subjectKey({ connector, task }: StatusSubject): string {
  return task === undefined ? `status-connector-${connector}` : `status-task-${connector}-${task}`
}

/** `undefined`: not a record of this topic, or damaged. */
export function parseStatusRecord(record: Pick<LogRecord, 'key' | 'value'>): StatusRecord | undefined {
  const key = record.key?.toString('utf8') ?? ''
  const value = record.value === null ? null : (parseConnectJson(record.value.toString('utf8')) as Fields | null)
  if (record.value !== null && (typeof value !== 'object' || value === null)) return undefined
  if (key.startsWith('status-topic-')) return parseTopic(key.slice('status-topic-'.length), value)
  const subject = parseSubject(key)
  if (subject === undefined) return undefined
  if (value === null) return { kind: 'status', subject, status: null }
  const status = parseStatus(value)
  return status && { kind: 'status', subject, status }
}

type Fields = Readonly<Record<string, unknown>>

function parseSubject(key: string): StatusSubject | undefined {
  if (key.startsWith('status-connector-')) return { connector: key.slice('status-connector-'.length) }
  const task = /^status-task-(.*)-(\d+)$/s.exec(key)
  return task === null ? undefined : { connector: task[1]!, task: Number(task[2]) }
}

function parseStatus(value: Fields): Status | undefined {
  const { state, worker_id: workerId, generation, trace, version } = value
  if (!STATES.has(state) || typeof workerId !== 'string' || typeof generation !== 'number') return undefined
  return {
    state: state as StatusState,
    workerId,
    generation,
    trace: typeof trace === 'string' ? trace : null,
    version: typeof version === 'string' ? version : null,
  }
}

/** Topic names hold no colon, connector names may. */
function parseTopic(rest: string, value: Fields | null): StatusRecord | undefined {
  const separator = rest.indexOf(':connector-')
  if (separator < 0) return undefined
  const topic = rest.slice(0, separator)
  const connector = rest.slice(separator + ':connector-'.length)
  if (value === null) return { kind: 'topic', topic, connector, used: null }
  const used = value['topic'] as Fields | null | undefined
  if (typeof used?.['task'] !== 'number' || typeof used['discoverTimestamp'] !== 'number') return undefined
  return {
    kind: 'topic',
    topic,
    connector,
    used: { topic, connector, task: used['task'], discoveredAt: used['discoverTimestamp'] },
  }
}
