/** The few questions for which a broker has to look into a batch. */
import { ErrorCode, readBatches } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { readHeader } from './batch-header.ts'

/** A compacted topic keeps the last record per key: one without a key has no place there. */
export function checkKeys(batch: Buffer): void {
  if (recordsOf(batch).some((record) => record.key === null)) {
    throw new ProtocolError(
      ErrorCode.INVALID_RECORD,
      'Compacted topic cannot accept message without key in topic partition.',
    )
  }
}

/** The first record of the batch, from `startOffset` on, that is at least as young as `timestamp`. */
export function firstRecordAt(
  batch: Buffer,
  timestamp: number,
  startOffset: number,
): { readonly offset: number; readonly timestamp: number } | undefined {
  return recordsOf(batch).find((record) => record.timestamp >= timestamp && record.offset >= startOffset)
}

function recordsOf(batch: Buffer): ReturnType<typeof readBatches>['records'] {
  const from = readHeader(batch, 0).baseOffset
  try {
    return readBatches(batch, { topic: '', partition: 0, from, checkCrc: false }).records
  } catch (error) {
    throw new ProtocolError(ErrorCode.CORRUPT_MESSAGE, error instanceof Error ? error.message : String(error))
  }
}
