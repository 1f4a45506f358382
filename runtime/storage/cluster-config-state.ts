import type { Props } from '../api/props.ts'
import { parseConfigRecord } from './config-records.ts'
import type { ConfigRecord, SessionKey, TargetState } from './config-records.ts'
import type { LogRecord } from './log.ts'

/**
 * Everything the config topic says, folded up to `offset`. Immutable: each batch of records gives a new one. The rules are those of
 * Kafka Connect's config store, so that both read the same topic alike.
 */
export interface ClusterConfigState {
  /**
   * Position after the last record read, -1 before the first, as Kafka Connect counts: workers exchange it in the group protocol, and a leader that
   * cannot reach what a member has read lets nobody work.
   */
  readonly offset: number
  /** Position after the last record that changed which connectors or tasks exist: assignments made before it are stale. */
  readonly structureOffset: number
  readonly sessionKey: SessionKey | undefined
  readonly connectors: ReadonlyMap<string, Props>
  readonly targets: ReadonlyMap<string, TargetState>
  readonly taskSets: ReadonlyMap<string, TaskSet>
  /**
   * Live connectors whose task set stood in the log before their record, which compaction had moved behind it, and was dropped therefore
   * (https://issues.apache.org/jira/browse/KAFKA-17719): workers that read the log before it was compacted still have it.
   */
  readonly lostTaskSets: ReadonlySet<string>
  /** Task counts of fencing rounds (exactly-once sources). */
  readonly fencedTaskCounts: ReadonlyMap<string, number>
  /** Connectors whose task set was committed after the last fencing round. */
  readonly pendingFencing: ReadonlySet<string>
  /** Task records that wait for their commit record. Invariant 4: nobody may run them yet. */
  readonly deferred: ReadonlyMap<string, ReadonlyMap<number, Props>>
}

/** What a `commit-` record made visible. */
export interface TaskSet {
  /** As committed, also when the set is inconsistent. */
  readonly count: number
  /** Empty when inconsistent. */
  readonly configs: readonly Props[]
  /** Compaction or a failed writer left a gap: nothing may run until the set is written again. */
  readonly inconsistent: boolean
  /** Position after the commit record: tells two sets apart, and what an assignment knew. */
  readonly offset: number
  /** The connector's config when the set was committed. */
  readonly connectorProps: Props
}

/** Things to do once rather than states to reach; replayed history holds none that still matters. */
export type ConfigEvent = Extract<ConfigRecord, { kind: 'restart' | 'logger-level' }>

export const EMPTY_STATE: ClusterConfigState = {
  offset: -1,
  structureOffset: -1,
  sessionKey: undefined,
  connectors: new Map(),
  targets: new Map(),
  taskSets: new Map(),
  lostTaskSets: new Set(),
  fencedTaskCounts: new Map(),
  pendingFencing: new Set(),
  deferred: new Map(),
}

export interface Folded {
  readonly state: ClusterConfigState
  readonly events: readonly ConfigEvent[]
  /** One sentence for each record that was not understood. */
  readonly skipped: readonly string[]
}

export function foldConfigRecords(state: ClusterConfigState, records: readonly LogRecord[]): Folded {
  const draft = new Draft(state)
  for (const record of records) {
    draft.offset = record.offset + 1
    const parsed = parseConfigRecord(record)
    if (typeof parsed === 'string') draft.skipped.push(`offset ${record.offset}: ${parsed}`)
    else draft.apply(parsed)
  }
  return { state: draft.freeze(), events: draft.events, skipped: draft.skipped }
}

export function targetState(state: ClusterConfigState, connector: string): TargetState {
  return state.targets.get(connector) ?? 'STARTED'
}

/** Running connectors whose tasks nobody can run until they are generated anew: compaction or a failed writer left a hole in the log. */
export function brokenTaskSets(state: ClusterConfigState): readonly string[] {
  return [...state.connectors.keys()].filter(
    (connector) =>
      targetState(state, connector) === 'STARTED' &&
      (state.taskSets.get(connector)?.inconsistent ?? state.lostTaskSets.has(connector)),
  )
}

/** How many tasks the cluster is to run. */
export function startedTaskCount(state: ClusterConfigState): number {
  const started = [...state.taskSets].filter(([connector]) => targetState(state, connector) === 'STARTED')
  return started.reduce((sum, [, { configs }]) => sum + configs.length, 0)
}

export function taskConfigsOf(state: ClusterConfigState, connector: string): readonly Props[] {
  return state.taskSets.get(connector)?.configs ?? []
}

/** One copy per batch rather than per record: replaying a long topic stays linear. */
class Draft {
  offset: number
  readonly events: ConfigEvent[] = []
  readonly skipped: string[] = []
  #structureOffset: number
  #sessionKey: SessionKey | undefined
  readonly #connectors: Map<string, Props>
  readonly #targets: Map<string, TargetState>
  readonly #taskSets: Map<string, TaskSet>
  readonly #lostTaskSets: Set<string>
  readonly #fencedTaskCounts: Map<string, number>
  readonly #pendingFencing: Set<string>
  readonly #deferred: Map<string, Map<number, Props>>

  constructor(state: ClusterConfigState) {
    this.offset = state.offset
    this.#structureOffset = state.structureOffset
    this.#sessionKey = state.sessionKey
    this.#connectors = new Map(state.connectors)
    this.#targets = new Map(state.targets)
    this.#taskSets = new Map(state.taskSets)
    this.#lostTaskSets = new Set(state.lostTaskSets)
    this.#fencedTaskCounts = new Map(state.fencedTaskCounts)
    this.#pendingFencing = new Set(state.pendingFencing)
    this.#deferred = new Map([...state.deferred].map(([name, tasks]) => [name, new Map(tasks)]))
  }

  apply(record: ConfigRecord): void {
    switch (record.kind) {
      case 'connector':
        if (record.props === null) this.#remove(record.connector)
        else this.#put(record.connector, record.props)
        return
      case 'target-state':
        if (record.state === null) this.#targets.delete(record.connector)
        else this.#targets.set(record.connector, record.state)
        return
      case 'task':
        this.#deferredOf(record.connector).set(record.task, record.props)
        return
      case 'commit':
        this.#commit(record.connector, record.tasks)
        return
      case 'fencing':
        this.#fencedTaskCounts.set(record.connector, record.taskCount)
        this.#pendingFencing.delete(record.connector)
        return
      case 'session-key':
        this.#sessionKey = record.sessionKey
        return
      case 'restart':
      case 'logger-level':
        this.events.push(record)
        return
    }
  }

  #put(connector: string, props: Props): void {
    if (!this.#connectors.has(connector)) this.#structureOffset = this.offset
    this.#connectors.set(connector, props)
  }

  /** The target state stays until its own tombstone. */
  #remove(connector: string): void {
    if (this.#connectors.delete(connector)) this.#structureOffset = this.offset
    this.#taskSets.delete(connector)
    this.#lostTaskSets.delete(connector)
    this.#deferred.delete(connector)
    this.#fencedTaskCounts.delete(connector)
    this.#pendingFencing.delete(connector)
  }

  /**
   * A commit for a connector that is not known belongs to a deleted one, whose tasks must not come back when its name is used
   * again (https://issues.apache.org/jira/browse/KAFKA-16838). After compaction it may also stand before the record of a live connector
   * (https://issues.apache.org/jira/browse/KAFKA-17719); that one has lost its task set then, and it is generated anew.
   */
  #commit(connector: string, count: number): void {
    const deferred = this.#deferred.get(connector)
    this.#deferred.delete(connector)
    const connectorProps = this.#connectors.get(connector)
    if (connectorProps === undefined) {
      if (count > 0) this.#lostTaskSets.add(connector)
      return
    }
    this.#lostTaskSets.delete(connector)
    const configs: Props[] = []
    for (let task = 0; task < count; task++) {
      const props = deferred?.get(task)
      if (props !== undefined) configs.push(props)
    }
    const inconsistent = configs.length < count
    this.#taskSets.set(connector, {
      count,
      configs: inconsistent ? [] : configs,
      inconsistent,
      offset: this.offset,
      connectorProps,
    })
    this.#pendingFencing.add(connector)
    this.#structureOffset = this.offset
  }

  #deferredOf(connector: string): Map<number, Props> {
    let tasks = this.#deferred.get(connector)
    if (tasks === undefined) this.#deferred.set(connector, (tasks = new Map()))
    return tasks
  }

  freeze(): ClusterConfigState {
    return Object.freeze({
      offset: this.offset,
      structureOffset: this.#structureOffset,
      sessionKey: this.#sessionKey,
      connectors: this.#connectors,
      targets: this.#targets,
      taskSets: this.#taskSets,
      lostTaskSets: this.#lostTaskSets,
      fencedTaskCounts: this.#fencedTaskCounts,
      pendingFencing: this.#pendingFencing,
      deferred: this.#deferred,
    })
  }
}
