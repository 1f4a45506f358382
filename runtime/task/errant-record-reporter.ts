import { ConnectError } from '../api/index.ts'
import type { ErrantRecordReporter, SinkRecord } from '../api/index.ts'
import { rawOf } from './consumed-record.ts'
import type { ErrorTolerance } from './error-tolerance.ts'

/** Whatever the task's class is (org.apache.kafka.connect.runtime.errors.WorkerErrantRecordReporter). */
const SINK_TASK = 'org.apache.kafka.connect.sink.SinkTask'

/** What a sink task reports about single records it cannot deliver (KIP-610): stage TASK_PUT. */
export class ErrantRecords implements ErrantRecordReporter {
  readonly #tolerance: ErrorTolerance

  constructor(tolerance: ErrorTolerance) {
    this.#tolerance = tolerance
  }

  /** Rejects, and the task should too, when failures are not tolerated. */
  async report(record: SinkRecord, error: Error): Promise<void> {
    const consumed = rawOf(record)
    if (consumed === undefined)
      throw new ConnectError(
        `only records that put() was given can be reported, not ${record.topic}-${record.partition}@${record.offset}`,
      )
    await this.#tolerance.reportedByTask({ stage: 'TASK_PUT', className: SINK_TASK, error, consumed })
  }
}
