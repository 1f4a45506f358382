import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Recorded } from './recorded-record.ts'

/** What is meant to differ from what was recorded, and why; by the ids of the cases. */
export type KnownDifferences = readonly (readonly [why: string, ids: RegExp])[]

export function isKnown(known: KnownDifferences, { id }: Recorded): boolean {
  return known.some(([, ids]) => ids.test(id))
}

/** A test for each: what it excuses is there, and does differ. `compare` throws an AssertionError then. */
export function testKnown(known: KnownDifferences, cases: readonly Recorded[], compare: (of: Recorded) => void): void {
  for (const [why, ids] of known)
    it(`differ, since ${why}`, () => {
      const named = cases.filter(({ id }) => ids.test(id))
      assert.notEqual(named.length, 0)
      for (const each of named) assert.throws(() => compare(each), assert.AssertionError, `${each.id} does not differ`)
    })
}
