import { ConnectError } from '../api/index.ts'
import type { ErrantRecordReporter, SinkRecord } from '../api/index.ts'
import { rawOf } from './consumed-record.ts'
import type { ErrorTolerance } from './error-tolerance.ts'

/** What a sink task reports about single records it cannot deliver (KIP-610): stage TASK_PUT. */
export class ErrantRecords implements ErrantRecordReporter {
  readonly #tolerance: ErrorTolerance
  readonly #className: string

  constructor(options: { readonly tolerance: ErrorTolerance; readonly taskClassName: string }) {
    this.#tolerance = options.tolerance
    this.#className = options.taskClassName
  }

  /** Rejects, and the task should too, when failures are not tolerated. */
  async report(record: SinkRecord, error: Error): Promise<void> {
    const consumed = rawOf(record)
    if (consumed === undefined)
      throw new ConnectError(
        `only records that put() was given can be reported, not ${record.topic}-${record.partition}@${record.offset}`,
      )
    this.#tolerance.skip({ stage: 'TASK_PUT', className: this.#className, error, consumed })
    await this.#tolerance.reported()
  }
}
