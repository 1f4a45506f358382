import type { ObjectStore } from '../store/object-store.ts'
import type { Retrying } from '../store/retrying.ts'
import type { Slots } from '../store/slots.ts'
import type { BlockPool } from './block-pool.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** What all writers of a task share. */
export interface UploadEnvironment {
  readonly store: ObjectStore
  readonly retrying: Retrying
  /** Requests at the same time. */
  readonly slots: Slots
  readonly memory: MemoryBudget
  readonly blocks: BlockPool
  /** Writes never replace an object; the rounds of a partition then come one after the other. */
  readonly conditionalWrites: boolean
  readonly partBytes: number
  /** undefined: not compressed. */
  readonly gzipLevel: number | undefined
  /** A new name in the task's folder of temporary files. */
  spillFile(): Promise<string>
}
