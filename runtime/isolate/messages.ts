import type {
  ConfigKey,
  ConfigValue,
  Props,
  SinkOffsetChange,
  SourceOffset,
  SourceOffsetChange,
  SourcePartition,
  Support,
} from '../api/index.ts'
import type { FailureClass } from '../config/recovery-keys.ts'
import type { ProgressSnapshot } from '../task/task-progress.ts'
import type { TargetState } from '../storage/config-records.ts'
import type { LineLevel } from '../telemetry/context-logger.ts'
import type { LogLevel } from '../telemetry/logger-levels.ts'
import type { MetricSample } from '../telemetry/metrics.ts'
import type { WireError } from './wire-error.ts'

/** Everything that crosses the wall between the worker and its guests. Plain data only. */

/** Names one start of one task or connector; never used again. */
export type InstanceId = number

/** A task to start; secrets are resolved. Invariant 5: this exists nowhere else. */
export interface TaskLaunch {
  readonly connector: string
  readonly task: number
  readonly connectorProps: Props
  readonly taskProps: Props
  readonly target: TargetState
  /** How long it may stand still before that is told; 0: for ever. */
  readonly stallTimeoutMs: number
}

export interface ConnectorLaunch {
  readonly name: string
  readonly props: Props
  readonly target: TargetState
}

export interface OffsetBytes {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Worker to guests: what the worker wants to know. */
export type Query =
  | { readonly type: 'task-configs'; readonly instance: InstanceId; readonly maxTasks: number }
  | { readonly type: 'progress'; readonly instance: InstanceId }
  /** The keys of the connector's definition, without what is code. */
  | { readonly type: 'definition'; readonly className: string; readonly props: Props }
  | { readonly type: 'validate'; readonly className: string; readonly props: Props }
  /** A source connector's word on exactly-once delivery; undefined: it has none. */
  | {
      readonly type: 'exactly-once'
      readonly className: string
      readonly props: Props
      readonly method: 'exactlyOnceSupport' | 'canDefineTransactionBoundaries'
    }
  | {
      readonly type: 'alter-offsets'
      readonly className: string
      readonly props: Props
      readonly offsets: readonly OffsetChange[]
    }

/** To a connector's class rather than to one that runs. */
export type ClassQuery = Extract<Query, { readonly className: string }>

export type OffsetChange = SourceOffsetChange | SinkOffsetChange

/** A key of a definition as data: functions do not cross. */
export type PlainKey = Omit<ConfigKey, 'validator' | 'recommender'>

/** Guests to worker: what a guest wants to know. */
export type Question =
  | { readonly type: 'read-offsets'; readonly connector: string; readonly partitions: readonly SourcePartition[] }
  /** Has the group's coordinator confirmed lately that this worker owns its work? */
  | { readonly type: 'still-ours' }
  /** The task's configuration with its secrets as they are now, in a list of one. */
  | { readonly type: 'task-props'; readonly instance: InstanceId }
  /** Is this start of a task with exactly-once support still the one that is wanted? Refused when not. */
  | { readonly type: 'verify-task'; readonly instance: InstanceId }
  | { readonly type: 'write-offsets'; readonly records: readonly OffsetBytes[] }

export type Answer =
  | { readonly type: 'answer'; readonly id: number; readonly value: AnswerValue }
  | { readonly type: 'refusal'; readonly id: number; readonly error: WireError }

export type { ProgressSnapshot } from '../task/task-progress.ts'

export type AnswerValue =
  | boolean
  | Support
  | null
  | ProgressSnapshot
  | readonly Props[]
  | readonly ConfigValue[]
  | Readonly<Record<string, PlainKey>>
  | readonly (SourceOffset | undefined)[]
  | undefined

/** Worker to guests. */
export type Command =
  | { readonly type: 'start-task'; readonly instance: InstanceId; readonly launch: TaskLaunch }
  | { readonly type: 'start-connector'; readonly instance: InstanceId; readonly launch: ConnectorLaunch }
  | { readonly type: 'transition'; readonly instance: InstanceId; readonly target: TargetState }
  /** End gracefully; answered by the news 'ended'. */
  | { readonly type: 'stop'; readonly instance: InstanceId }
  /** End now: close its connections, say nothing any more. */
  | { readonly type: 'cancel'; readonly instance: InstanceId }
  | { readonly type: 'query'; readonly id: number; readonly query: Query }
  | { readonly type: 'log-levels'; readonly levels: LogLevels }
  | { readonly type: 'ping' }
  | Answer

export type GuestNews =
  | { readonly type: 'started' | 'paused' | 'resumed' | 'stopped' | 'ended' }
  /** It runs no more. `trace`: class name, message, frames and causes. */
  | { readonly type: 'failed'; readonly trace: string; readonly failure: FailureClass }
  /** It should move and has not since then (ms since the epoch). */
  | { readonly type: 'stalled'; readonly waitsFor: string; readonly since: number }
  /** It moves again. */
  | { readonly type: 'moving' }

/** Guests to worker. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'pong' }
  | { readonly type: 'news'; readonly instance: InstanceId; readonly news: GuestNews }
  | { readonly type: 'reconfigure'; readonly instance: InstanceId }
  | { readonly type: 'topic-used'; readonly instance: InstanceId; readonly topic: string }
  | { readonly type: 'metrics'; readonly instance: InstanceId; readonly samples: readonly MetricSample[] }
  | { readonly type: 'question'; readonly id: number; readonly question: Question }
  | {
      readonly type: 'log'
      readonly level: LineLevel
      readonly context: string
      readonly message: string
      readonly fields?: object | undefined
    }
  /** The thread ends by itself: an exception nobody caught, process.exit in a plugin. */
  | { readonly type: 'fatal'; readonly instance: InstanceId | undefined; readonly trace: string }
  | Answer

/** Logger names with levels of their own; see telemetry/logger-levels.ts. */
export type LogLevels = readonly (readonly [name: string, level: LogLevel])[]

/** What guests need of their worker, given once. */
export interface GuestSettings {
  readonly workerProps: Props
  readonly mode: 'distributed' | 'standalone'
  readonly logLevels: LogLevels
  readonly metricsIntervalMs: number
}

export interface ThreadSettings extends GuestSettings {
  /** One Int32: the instance whose call began last. It says who holds a thread that does not answer. */
  readonly activity: SharedArrayBuffer
}

/** What a child process is sent: its settings first. */
export type ProcessMessage = { readonly type: 'settings'; readonly settings: GuestSettings } | Command
