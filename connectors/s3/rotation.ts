import type { TimeZone } from './partitioning/time-zone.ts'

/** Why the open objects of a Kafka partition are closed. All of them close together, whatever the reason. */
export type RotationReason = 'SIZE' | 'INTERVAL' | 'PARTITION_CHANGE' | 'SCHEDULE' | 'SCHEMA_CHANGE' | 'OPEN_FILES'

export interface RotationPolicy {
  readonly flushSize: number
  /** Milliseconds of record time; undefined: off, also without a time-based partitioner. */
  readonly intervalMs: number | undefined
  readonly onPartitionChange: boolean
  readonly scheduled: boolean
  /** Infinity: no limit. */
  readonly maxOpenFiles: number
}

/** What a Kafka partition has written since its objects were closed last. */
export interface RotationState {
  readonly records: number
  readonly openFiles: number
  /** Record time of the first record since then; undefined before it. */
  readonly baseMs: number | undefined
  /** Folder of the record written last. */
  readonly lastFolder: string | undefined
  /** When the clock closes them next; undefined: not scheduled. */
  readonly nextScheduleMs: number | undefined
}

export interface Candidate {
  readonly folder: string
  readonly timestampMs: number
  readonly nowMs: number
  readonly folderIsOpen: boolean
  /** The record's schema differs from that of its folder's open object. */
  readonly schemaDiffers: boolean
  /** Tombstone folders do not count as a change of partition. */
  readonly isTombstone: boolean
}

/** Must the open objects close before this record is written? The order of the checks is Confluent's. */
export function rotationBefore(
  state: RotationState,
  record: Candidate,
  policy: RotationPolicy,
): RotationReason | undefined {
  if (state.records === 0) return undefined
  if (policy.intervalMs !== undefined) {
    if (state.baseMs !== undefined && record.timestampMs - state.baseMs >= policy.intervalMs) return 'INTERVAL'
    const changed = state.lastFolder !== undefined && state.lastFolder !== record.folder
    if (policy.onPartitionChange && changed && !record.isTombstone) return 'PARTITION_CHANGE'
  }
  if (rotationIsDue(state, record.nowMs)) return 'SCHEDULE'
  if (record.folderIsOpen && record.schemaDiffers) return 'SCHEMA_CHANGE'
  if (!record.folderIsOpen && state.openFiles >= policy.maxOpenFiles) return 'OPEN_FILES'
  return undefined
}

/** Has the clock reached a scheduled rotation of something? Also asked when no records come. */
export function rotationIsDue(state: RotationState, nowMs: number): boolean {
  return state.records > 0 && state.nextScheduleMs !== undefined && nowMs >= state.nextScheduleMs
}

/** Is the round full with the record that was just written? */
export function rotationAfter(state: RotationState, policy: RotationPolicy): RotationReason | undefined {
  return state.records >= policy.flushSize ? 'SIZE' : undefined
}

/**
 * The next time of a period counted from local midnight; it begins anew every midnight. The length of a day is what it really
 * is, 23 to 25 hours.
 */
export function nextScheduledRotation(nowMs: number, periodMs: number, zone: TimeZone): number {
  const day = 86_400_000
  const localMidnight = Math.floor(zone.toLocal(nowMs) / day) * day
  const start = zone.toUtc(localMidnight)
  const end = zone.toUtc(localMidnight + day)
  const next = start + (Math.floor((nowMs - start) / periodMs) + 1) * periodMs
  return Math.min(next, end)
}
