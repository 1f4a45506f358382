/**
 * Segments replaced by a cleaned one, so that a kill at any moment leaves either the old or the new:
 *
 *   BASE-END.cleaned   being written; thrown away at the next start
 *   BASE-END.swap      complete: takes the place of all segments from BASE up to END; a start finishes what a kill interrupted
 */
import fs from 'node:fs'
import path from 'node:path'

import { Segment } from './segment.ts'

export interface CleanedFile {
  /** Where the cleaned batches are written. */
  readonly draft: string
  readonly baseOffset: number
  /** Base offset of the first segment that stays. */
  readonly endOffset: number
}

export function cleanedFile(dir: string, baseOffset: number, endOffset: number): CleanedFile {
  return { draft: path.join(dir, `${baseOffset}-${endOffset}.cleaned`), baseOffset, endOffset }
}

/** Puts the draft in the place of the segments. The caller closes those it has open, before or after. */
export function swapIn(dir: string, { draft, baseOffset, endOffset }: CleanedFile): void {
  const swap = path.join(dir, `${baseOffset}-${endOffset}.swap`)
  fs.renameSync(draft, swap)
  finishSwap(dir, swap, baseOffset, endOffset)
}

/** At the start, before segments are looked for. */
export function recoverSwaps(dir: string): void {
  for (const name of fs.readdirSync(dir)) {
    if (name.endsWith('.cleaned')) fs.rmSync(path.join(dir, name))
    const swap = /^(\d+)-(\d+)\.swap$/.exec(name)
    if (swap !== null) finishSwap(dir, path.join(dir, name), Number(swap[1]), Number(swap[2]))
  }
}

function finishSwap(dir: string, swap: string, baseOffset: number, endOffset: number): void {
  for (const base of segmentBases(dir)) {
    if (base < baseOffset || base >= endOffset) continue
    // The index first: one that speaks of another file would be believed if the sizes were the same.
    fs.rmSync(path.join(dir, Segment.fileName(base).replace(/\.log$/, '.index')), { force: true })
    if (base !== baseOffset) fs.rmSync(path.join(dir, Segment.fileName(base)))
  }
  fs.renameSync(swap, path.join(dir, Segment.fileName(baseOffset)))
}

/** Base offsets of the segments of a folder, in order. */
export function segmentBases(dir: string): readonly number[] {
  return fs
    .readdirSync(dir)
    .filter((name) => /^\d{20}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b)
}
