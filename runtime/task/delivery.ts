import type { OutgoingBatch } from './source-pipeline.ts'

/** The guarantee of a source task: how records and their offsets reach Kafka. Disposing commits what was acknowledged. */
export interface Delivery extends AsyncDisposable {
  /** Aborts when a record could not be delivered; the next send throws why. */
  readonly failed: AbortSignal
  throwIfFailed(): void
  /** Resolves when the producer has room again, not when the records are acknowledged. */
  send(batch: OutgoingBatch, signal: AbortSignal): Promise<void>
}
