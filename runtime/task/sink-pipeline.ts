import type { SinkRecord } from '../api/index.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
import { withOrigin } from './consumed-record.ts'
import type { ErrorTolerance, Failure } from './error-tolerance.ts'
import type { RecordConverter } from './record-converter.ts'
import type { TopicUse } from './topic-use.ts'
import type { TransformationChain } from './transformation-chain.ts'

/** Conversion and transformations of consumed records, a batch at a time. */
export class SinkPipeline {
  readonly #chain: TransformationChain
  readonly #converter: RecordConverter
  readonly #tolerance: ErrorTolerance
  readonly #topics: TopicUse
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

  /** Records for put(), in the order consumed; skipped and dropped ones are missing. */
  async process(batch: readonly FetchedRecord[], signal: AbortSignal): Promise<SinkRecord[]> {
    const records: SinkRecord[] = []
    for (let i = 0; i < batch.length; i++) {
      const raw = batch[i]!
      let record: SinkRecord | undefined
      try {
        record = this.#convert(raw)
      } catch (error) {
        const describe = (reason: unknown): Failure => this.#failure(raw, reason)
        record = await this.#tolerance.recover(describe(error), () => this.#convert(raw), describe, signal)
      }
      if (record !== undefined) records.push(record)
    }
    return records
  }

  #convert(raw: FetchedRecord): SinkRecord | undefined {
    this.#stageIsChain = false
    const record = this.#converter.toConnect(raw)
    this.#topics.note(raw.topic)
    if (this.#chain.isEmpty) return record
    this.#stageIsChain = true
    const transformed = this.#chain.apply<SinkRecord>(record)
    if (transformed === record || transformed === undefined) return transformed
    return withOrigin(transformed, record)
  }

  #failure(consumed: FetchedRecord, error: unknown): Failure {
    return this.#stageIsChain
      ? { stage: 'TRANSFORMATION', className: this.#chain.current, error, consumed }
      : { stage: this.#converter.stage, className: this.#converter.className, error, consumed }
  }
}
