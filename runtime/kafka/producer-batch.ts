import type { DeliveryListener, ProducerRecord } from './producer-record.ts'
import type { BufferPool } from './records/buffer-pool.ts'
import type { CompressionType } from './records/compression.ts'
import { RecordBatchBuilder, stampBatch } from './records/record-batch-builder.ts'
import type { ProducerStamp } from './records/record-batch-builder.ts'

/** The records of one send() in this batch: `records[from, to)` belong to `listener`. */
interface Share {
  readonly listener: DeliveryListener
  readonly from: number
  to: number
}

/** Records of one partition that travel, are retried and are acknowledged together. */
export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  readonly createdAt: number
  readonly #builder: RecordBatchBuilder
  readonly #records: ProducerRecord[] = []
  readonly #shares: Share[] = []
  #bytes: Buffer | undefined
  #sequence: number | undefined
  /** Of the stamp; −1: none. */
  producerId = -1
  producerEpoch = -1
  /** An attempt ended without an answer that says whether it was written. */
  uncertain = false
  attempts = 0
  /** Not to be sent again before this time (ms). */
  notBefore = 0
  /** What it holds of `buffer.memory`. */
  reserved = 0

  constructor(topic: string, partition: number, createdAt: number, capacity: number, pool?: BufferPool) {
    this.topic = topic
    this.partition = partition
    this.createdAt = createdAt
    this.#builder = new RecordBatchBuilder(capacity, pool)
  }

  get count(): number {
    return this.#records.length
  }

  get length(): number {
    return this.#builder.length
  }

  get records(): readonly ProducerRecord[] {
    return this.#records
  }

  /** Closed batches keep their bytes, so that a retry sends what the first attempt sent. */
  get closed(): boolean {
    return this.#bytes !== undefined
  }

  get sequence(): number | undefined {
    return this.#sequence
  }

  append(record: ProducerRecord, listener: DeliveryListener, now: number): void {
    this.#builder.append(record.key, record.value, record.headers, record.timestamp ?? now)
    const share = this.#shares.at(-1)
    if (share?.listener === listener) share.to++
    else this.#shares.push({ listener, from: this.#records.length, to: this.#records.length + 1 })
    this.#records.push(record)
  }

  bytes(compression: CompressionType): Buffer {
    this.#bytes ??= this.#builder.finish(compression)
    return this.#bytes
  }

  /** Sets the producer's identity, or none; a batch that is sent again keeps its sequence unless `forgetSequence` is called. */
  stamp(stamp: ProducerStamp = { producerId: -1, producerEpoch: -1, baseSequence: -1 }): void {
    this.#sequence = stamp.baseSequence
    this.producerId = stamp.producerId
    this.producerEpoch = stamp.producerEpoch
    stampBatch(this.#bytes!, stamp)
  }

  forgetSequence(): void {
    this.#sequence = undefined
    this.producerId = -1
    this.producerEpoch = -1
    this.uncertain = false
  }

  /** The broker answered, so nobody reads the bytes any more. */
  delivered(baseOffset: number): void {
    this.#builder.release()
    for (const { listener, from, to } of this.#shares)
      listener.delivered(
        this.#slice(from, to),
        this.topic,
        this.partition,
        baseOffset < 0 ? baseOffset : baseOffset + from,
      )
  }

  failed(error: Error): void {
    for (const { listener, from, to } of this.#shares) listener.failed(this.#slice(from, to), error)
  }

  /** Two batches with the halves of this one, in order: for a broker that takes only smaller ones. */
  split(): readonly [ProducerBatch, ProducerBatch] {
    const half = Math.ceil(this.#records.length / 2)
    const parts = [0, 1].map(
      () => new ProducerBatch(this.topic, this.partition, this.createdAt, Math.ceil(this.length / 2) + 1024),
    ) as [ProducerBatch, ProducerBatch]
    for (const { listener, from, to } of this.#shares)
      for (let i = from; i < to; i++) parts[i < half ? 0 : 1].append(this.#records[i]!, listener, this.createdAt)
    parts[0].reserved = Math.floor(this.reserved / 2)
    parts[1].reserved = this.reserved - parts[0].reserved
    return parts
  }

  #slice(from: number, to: number): readonly ProducerRecord[] {
    return from === 0 && to === this.#records.length ? this.#records : this.#records.slice(from, to)
  }
}
