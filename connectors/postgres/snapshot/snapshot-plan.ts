import type { SnapshotMode } from '../postgres-source-config.ts'

export interface SnapshotInputs {
  readonly mode: SnapshotMode
  /** A stored offset beyond any snapshot. */
  readonly hasPosition: boolean
  readonly slotExists: boolean
  /** `always`: this task has made its snapshot. */
  readonly snapshotDone: boolean
}

export type SnapshotPlan = 'snapshot-and-stream' | 'snapshot-only' | 'stream' | 'idle' | 'slot-missing'

/** What to do at the start of a session (Debezium: snapshot.mode). */
export function snapshotPlan({ mode, hasPosition, slotExists, snapshotDone }: SnapshotInputs): SnapshotPlan {
  switch (mode) {
    case 'initial_only':
      return hasPosition ? 'idle' : 'snapshot-only'
    case 'always':
      if (!snapshotDone) return 'snapshot-and-stream'
      return slotExists ? 'stream' : 'slot-missing'
    case 'no_data':
      // without an offset nothing was promised yet: a new slot is a beginning
      return hasPosition && !slotExists ? 'slot-missing' : 'stream'
    case 'initial':
      if (!hasPosition) return 'snapshot-and-stream'
      return slotExists ? 'stream' : 'slot-missing'
    case 'when_needed':
      return hasPosition && slotExists ? 'stream' : 'snapshot-and-stream'
  }
}
