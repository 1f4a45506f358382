/** Whether a log is to be cleaned, and what of it. Pure; the terms are those of Kafka's LogCleanerManager. */
import type { TopicConfig } from '../store/topic-config.ts'
import type { CleanerCheckpoint } from './cleaner-checkpoint.ts'

export interface SegmentFacts {
  readonly baseOffset: number
  readonly size: number
  /** Of its youngest record, ms; its file's time when records carry none. */
  readonly youngest: number
}

export interface CompactionPlan {
  /** First offset that was not cleaned before. */
  readonly dirtyFrom: number
  /** Nothing from here on is touched. */
  readonly end: number
}

/** `stable`: last stable offset; what lies behind may yet be aborted. `segments`: the last one is written to. */
export function compactionPlan(
  segments: readonly SegmentFacts[],
  checkpoint: CleanerCheckpoint,
  config: TopicConfig,
  stable: number,
  now: number,
): CompactionPlan | undefined {
  if (!config['cleanup.policy'].split(',').includes('compact')) return undefined
  const cleanable = cleanableSegments(segments, config, stable, now)
  if (cleanable.length === 0) return undefined
  const end = segments[cleanable.length]!.baseOffset
  const start = cleanable[0]!.baseOffset
  // A checkpoint outside the log is of another time: records were deleted, or the policy was another for a while.
  const dirtyFrom = Math.max(start, Math.min(checkpoint.cleanedTo, end))
  const dirty = cleanable.filter((segment, at) => segments[at + 1]!.baseOffset > dirtyFrom)
  const dirtyBytes = sum(dirty)
  const tooOld = dirty.some(({ youngest }) => now - youngest > config['max.compaction.lag.ms'])
  const overdue = checkpoint.history.some(({ at }) => now - at > config['delete.retention.ms'])
  const ratio = dirtyBytes / Math.max(1, sum(cleanable))
  const due = dirtyBytes > 0 && (ratio >= config['min.cleanable.dirty.ratio'] || tooOld)
  return due || overdue ? { dirtyFrom, end } : undefined
}

/** The oldest ones, up to the first that must wait. */
function cleanableSegments(
  segments: readonly SegmentFacts[],
  config: TopicConfig,
  stable: number,
  now: number,
): readonly SegmentFacts[] {
  // With nothing in the active segment the last record must stay: readers go on behind it.
  const active = segments.at(-1)!
  const candidates = segments.slice(0, active.size === 0 ? -2 : -1)
  const tooYoung = candidates.findIndex(
    ({ youngest }, at) => segments[at + 1]!.baseOffset > stable || now - youngest < config['min.compaction.lag.ms'],
  )
  return tooYoung < 0 ? candidates : candidates.slice(0, tooYoung)
}

function sum(segments: readonly SegmentFacts[]): number {
  return segments.reduce((bytes, { size }) => bytes + size, 0)
}
