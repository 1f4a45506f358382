/** Producer state over restarts: a snapshot at each roll and close, and what the log itself says since. */
import path from 'node:path'

import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'
import { ProducerStates } from './producer-states.ts'
import type { ProducerSnapshot } from './producer-states.ts'
import type { Segment } from './segment.ts'

interface SavedProducers {
  readonly endOffset: number
  readonly producers: ProducerSnapshot
}

const PRODUCERS_FILE = 'producers.json'

/** `endOffset`: the state covers the records before it. */
export function saveProducers(dir: string, endOffset: number, states: ProducerStates): void {
  const saved: SavedProducers = { endOffset, producers: states.snapshot() }
  writeFileAtomically(path.join(dir, PRODUCERS_FILE), JSON.stringify(saved))
}

export function recoverProducers(dir: string, segments: readonly Segment[]): ProducerStates {
  const saved = readJsonFile<SavedProducers>(path.join(dir, PRODUCERS_FILE))
  const producers = saved === undefined ? new ProducerStates() : ProducerStates.restore(saved.producers)
  const from = saved?.endOffset ?? 0
  const now = Date.now()
  for (const segment of segments) {
    if (segment.nextOffset <= from) continue
    for (const { header } of segment.scan()) {
      if (header.producerId >= 0 && header.baseOffset >= from) producers.record(header, header.baseOffset, now)
    }
  }
  return producers
}
