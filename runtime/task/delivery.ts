import type { OutgoingBatch } from './source-pipeline.ts'

/** The guarantee of a source task: how records and their offsets reach Kafka. Disposing commits what was acknowledged. */
export interface Delivery extends AsyncDisposable {
  /** Aborts when a record could not be delivered; the next send throws why. */
  readonly failed: AbortSignal
  throwIfFailed(): void
  /** Resolves when the producer has room again, not when the records are acknowledged. */
  send(batch: OutgoingBatch, signal: AbortSignal): Promise<void>
  /** The loop calls poll now. */
  polling?(): void
  /** Poll has answered; `interrupted`: with nothing because it was told to (stop, pause). */
  polled?(records: number, interrupted: boolean): void
  /** Poll has thrown, and will be called again: that says nothing of the unit handed out last. */
  pollFailed?(): void
  /** Polling is to pause. False: what was handed out last may be half of something; poll once more, briefly, and ask again. */
  pausing?(): Promise<boolean>
  /** Polling goes on. Resolves when the producer has taken what pausing() held back. */
  resuming?(signal: AbortSignal): Promise<void>
  /** The task has failed: what is not committed must not be when this is disposed. */
  giveUp?(): void
}
