/** How far a log is cleaned, and since when: tombstones and markers stay for `delete.retention.ms` from their first cleaning on. */
import path from 'node:path'

import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'

export interface CleanerCheckpoint {
  /** Offsets below were cleaned. */
  readonly cleanedTo: number
  /** By offset: what lies below `to`, and not below the `to` before it, was first cleaned `at` (ms), and has tombstones or markers left. */
  readonly history: readonly CleanedRange[]
}

export interface CleanedRange {
  readonly to: number
  readonly at: number
}

const FILE = 'cleaner.json'
const NEVER: CleanerCheckpoint = { cleanedTo: 0, history: [] }

export function readCheckpoint(dir: string): CleanerCheckpoint {
  return readJsonFile<CleanerCheckpoint>(path.join(dir, FILE)) ?? NEVER
}

export function writeCheckpoint(dir: string, checkpoint: CleanerCheckpoint): void {
  writeFileAtomically(path.join(dir, FILE), JSON.stringify(checkpoint))
}

/** When what lies at `offset` was first cleaned: `now` when it is being cleaned for the first time. */
export function firstCleanedAt({ cleanedTo, history }: CleanerCheckpoint, offset: number, now: number): number {
  if (offset >= cleanedTo) return now
  return history.find(({ to }) => offset < to)?.at ?? now
}

/** After a cleaning up to `cleanedTo`; `kept` tells whether tombstones or markers are left in a range. */
export function advanced(
  before: CleanerCheckpoint,
  cleanedTo: number,
  now: number,
  kept: (from: number, to: number) => boolean,
): CleanerCheckpoint {
  const ranges = [...before.history, { to: cleanedTo, at: now }].filter(({ to }) => to <= cleanedTo)
  let from = 0
  const history = ranges.filter(({ to }) => {
    const left = to > from && kept(from, to)
    from = Math.max(from, to)
    return left
  })
  return { cleanedTo, history }
}
