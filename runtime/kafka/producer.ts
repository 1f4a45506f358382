import type { RecordHeader } from './records/fetched-record.ts'

export type { RecordHeader } from './records/fetched-record.ts'

export interface ProducerRecord {
  readonly topic: string
  readonly partition?: number | undefined
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
  readonly timestamp?: number | undefined
}

/** Called once per broker batch, on the event loop, never re-entrantly from send(). */
export interface DeliveryListener<R extends ProducerRecord = ProducerRecord> {
  delivered(records: readonly R[], topic: string, partition: number, baseOffset: number): void
  failed(records: readonly R[], error: Error): void
}

export class Producer implements AsyncDisposable {
  async send<R extends ProducerRecord>(
    _records: readonly R[],
    _listener: DeliveryListener<R>,
    _signal?: AbortSignal,
  ): Promise<void> {
    throw new Error('not connected')
  }
  async sendAndWait(
    _records: readonly ProducerRecord[],
    _signal?: AbortSignal,
  ): Promise<readonly { topic: string; partition: number; offset: number }[]> {
    throw new Error('not connected')
  }
  async flush(_signal?: AbortSignal): Promise<void> {
    throw new Error('not connected')
  }
  get bufferedBytes(): number {
    return 0
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
