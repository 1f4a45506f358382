import type { TargetState } from '../storage/config-records.ts'

/** A task or connector that lives in an isolate. */
export interface Guest {
  transition(target: TargetState): void
  /** Resolves when it has ended; the news of its end are told before. */
  stop(): Promise<void>
  /** Gives up at once: connections are closed, nothing more is written. */
  cancel(): void
  /** An error outside of any call of ours that belongs to this guest: it fails. */
  fail(error: unknown): void
}
