import { ByteWriter } from '../api/index.ts'
import type { SourceRecord } from '../api/index.ts'
import type { ErrorTolerance, Failure } from './error-tolerance.ts'
import type { OutgoingRecord } from './outgoing-record.ts'
import type { RecordConverter } from './record-converter.ts'
import type { Submitted } from './submitted-records.ts'
import type { TopicUse } from './topic-use.ts'
import type { TransformationChain } from './transformation-chain.ts'

/** A poll batch ready for Kafka. */
export interface OutgoingBatch {
  /** As the task gave it; `submitted` has one entry for each. */
  readonly polled: readonly SourceRecord[]
  /** What is produced. */
  readonly records: readonly OutgoingRecord[]
  /** The same and, in their place, those that were dropped: acked already, so that their offsets move on. */
  readonly submitted: readonly Submitted[]
}

/** A slab that one large batch made larger than this is not kept. */
const MAX_SLAB = 8 * 1024 * 1024

/**
 * Transformations and conversion of a source's records: a batch at a time, all bytes of a batch in one slab that the next batch
 * uses again.
 */
export class SourcePipeline {
  readonly #chain: TransformationChain
  readonly #converter: RecordConverter
  readonly #tolerance: ErrorTolerance
  readonly #topics: TopicUse
  #slab = new ByteWriter()
  #stageIsChain = false

  constructor(options: {
    readonly chain: TransformationChain
    readonly converter: RecordConverter
    readonly tolerance: ErrorTolerance
    readonly topics: TopicUse
  }) {
    this.#chain = options.chain
    this.#converter = options.converter
    this.#tolerance = options.tolerance
    this.#topics = options.topics
  }

  /** Throws when a record fails and that is not tolerated. */
  async process(batch: readonly SourceRecord[], signal: AbortSignal): Promise<OutgoingBatch> {
    // The producer has copied the last batch's bytes when its send resolved, so the slab is free again.
    if (this.#slab.buffer.length > MAX_SLAB) this.#slab = new ByteWriter()
    const out = this.#slab
    out.reset()
    const records: OutgoingRecord[] = []
    let submitted: Submitted[] | undefined
    for (let i = 0; i < batch.length; i++) {
      const record = batch[i]!
      let outgoing: OutgoingRecord | undefined
      try {
        outgoing = this.#convert(record, out)
      } catch (error) {
        const describe = (reason: unknown): Failure => this.#failure(record, reason)
        outgoing = await this.#tolerance.recover(describe(error), () => this.#convert(record, out), describe, signal)
      }
      if (outgoing !== undefined) {
        records.push(outgoing)
        submitted?.push(outgoing)
      } else {
        submitted ??= records.slice()
        const { sourcePartition, sourceOffset } = record
        submitted.push({ sourcePartition, sourceOffset, acked: true })
      }
    }
    return { polled: batch, records, submitted: submitted ?? records }
  }

  #convert(record: SourceRecord, out: ByteWriter): OutgoingRecord | undefined {
    this.#stageIsChain = true
    const transformed = this.#chain.isEmpty ? record : this.#chain.apply(record)
    if (transformed === undefined) return undefined
    this.#stageIsChain = false
    const outgoing = this.#converter.toKafka(transformed, out)
    this.#topics.note(outgoing.topic)
    return outgoing
  }

  #failure(source: SourceRecord, error: unknown): Failure {
    return this.#stageIsChain
      ? { stage: 'TRANSFORMATION', className: this.#chain.current, error, source }
      : { stage: this.#converter.stage, className: this.#converter.className, error, source }
  }
}
