/** Producers and transactions of a partition over restarts: a snapshot at each roll and close, and what the log itself says since. */
import path from 'node:path'

import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'
import { isControl, isTransactional } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import { readMarker } from './control-batch.ts'
import { LogTransactions } from './log-transactions.ts'
import type { TransactionsSnapshot } from './log-transactions.ts'
import { ProducerStates } from './producer-states.ts'
import type { ProducerSnapshot } from './producer-states.ts'
import type { Segment } from './segment.ts'

/** What the batches of a log mean beyond their records. */
export interface LogState {
  readonly producers: ProducerStates
  readonly transactions: LogTransactions
}

interface SavedState {
  readonly endOffset: number
  readonly producers: ProducerSnapshot
  /** Absent in the files of older versions. */
  readonly transactions?: TransactionsSnapshot
}

const STATE_FILE = 'producers.json'

/** `endOffset`: the state covers the records before it. */
export function saveState(dir: string, endOffset: number, { producers, transactions }: LogState): void {
  const saved: SavedState = {
    endOffset,
    producers: producers.snapshot(),
    transactions: transactions.snapshot(),
  }
  writeFileAtomically(path.join(dir, STATE_FILE), JSON.stringify(saved))
}

export function recoverState(dir: string, segments: readonly Segment[]): LogState {
  const saved = readJsonFile<SavedState>(path.join(dir, STATE_FILE))
  const state: LogState = {
    producers: saved === undefined ? new ProducerStates() : ProducerStates.restore(saved.producers),
    transactions:
      saved?.transactions === undefined ? new LogTransactions() : LogTransactions.restore(saved.transactions),
  }
  const from = saved?.endOffset ?? 0
  const now = Date.now()
  for (const segment of segments) {
    if (segment.nextOffset <= from) continue
    for (const batch of segment.scan()) {
      if (batch.header.producerId < 0 || batch.header.baseOffset < from) continue
      noteBatch(state, batch.header, () => segment.readBatch(batch), now)
    }
  }
  state.transactions.written()
  return state
}

/** Takes one batch of an idempotent producer into account; `bytes` is asked for control batches only. */
export function noteBatch(
  { producers, transactions }: LogState,
  header: BatchHeader,
  bytes: () => Buffer,
  now: number,
): void {
  if (isControl(header)) {
    const marker = readMarker(bytes())
    if (marker === undefined) return
    producers.ended(header.producerId, header.producerEpoch, marker.coordinatorEpoch, now)
    transactions.ended(header.producerId, marker.type === 'commit', header.baseOffset)
    return
  }
  producers.record(header, header.baseOffset, now)
  if (isTransactional(header)) transactions.began(header.producerId, header.baseOffset)
}
