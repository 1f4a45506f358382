import { NO_HEADERS } from '../../../runtime/api/index.ts'
import type { Logger, SourceRecord } from '../../../runtime/api/index.ts'
import { ErrorMetrics } from '../../../runtime/task/error-metrics.ts'
import { ErrorTolerance } from '../../../runtime/task/error-tolerance.ts'
import { OutgoingRecord } from '../../../runtime/task/outgoing-record.ts'
import { SourceOffsets } from '../../../runtime/task/source-offsets.ts'
import { SourceTaskMetrics } from '../../../runtime/task/task-metrics.ts'
import { TaskProgress } from '../../../runtime/task/task-progress.ts'

/** Longer than any test: no clock ends anything. */
export const NEVER_MS = 3_600_000

/** What both guarantees need beside a producer and a place for offsets. */
export class DeliveryParts {
  readonly offsets = new SourceOffsets('source')
  readonly metrics = new SourceTaskMetrics({ connector: 'source', task: '0' }, new ErrorMetrics())
  readonly progress = new TaskProgress()
  readonly tolerance = new ErrorTolerance({
    ...{ tolerance: 'none', reporters: [], retryTimeoutMs: 0, retryDelayMaxMs: 1, metrics: new ErrorMetrics() },
  })
  readonly warnings: string[] = []
  readonly logger: Logger = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (message) => void this.warnings.push(message),
    child: () => this.logger,
  }
}

/** Tolerates everything; one record has been skipped, and its report is durable when `report` resolves. */
export function toleranceWithReport(report: Promise<void>): ErrorTolerance {
  const tolerance = new ErrorTolerance({
    ...{ tolerance: 'all', reporters: [{ report: () => report }] },
    ...{ retryTimeoutMs: 0, retryDelayMaxMs: 1, metrics: new ErrorMetrics() },
  })
  tolerance.skip({ stage: 'TRANSFORMATION', className: 'T', error: new Error('poison') })
  return tolerance
}

/** A record named `at/index`; those with one `at` share their source offset. */
export function sourceRecord(topic: string, at: number, index: number): SourceRecord {
  return {
    ...{ topic, partition: 0, timestamp: undefined, headers: NO_HEADERS },
    ...{ keySchema: undefined, key: null, valueSchema: undefined, value: `${at}/${index}` },
    sourcePartition: { source: 'a' },
    sourceOffset: { at },
  }
}

export function outgoing(record: SourceRecord): OutgoingRecord {
  return new OutgoingRecord(record, null, Buffer.from(String(record.value)))
}
