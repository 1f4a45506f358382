import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')

/** How many tests each of the reference's suites has; the letters are ours. */
const SUITES: Readonly<Record<string, number>> = {
  ...{
    W: 20,
    B: 11,
    P: 6,
    R: 16,
    T: 3,
    V: 28,
    E: 2,
    X: 9,
    G: 2,
    I: 5,
    O: 27,
    Q: 6,
    S: 1,
    F: 6,
    H: 1,
    K: 2,
    C: 3,
    A: 3,
  },
  ...{ M: 3, N: 9, FS: 8, MM: 20 },
}

interface Row {
  readonly id: string
  /** A test file, or a reason. */
  readonly here: string
}

/** The tables of docs/compatibility.md whose first column is an id. */
function rows(): readonly Row[] {
  const text = readFileSync(join(ROOT, 'docs', 'compatibility.md'), 'utf8')
  return [...text.matchAll(/^\| ([A-Z]{1,2}\d*) +\| [^|]+ \| ([^|]+) \|$/gm)].map(([, id, here]) => ({
    id: id!,
    here: here!.trim(),
  }))
}

/** The ids that texts of a test file begin with, such as `W4 testTaskStatuses: …`, or a list of cases `'R3', …`. */
function idsIn(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/['"`]([A-Z]{1,2}\d{1,2})(?=[ ,–:'"`])([^'"`:\n]*)/g)].flatMap(([, first, rest]) => [
    first!,
    ...[...rest!.matchAll(/\b[A-Z]{1,2}\d{1,2}\b/g)].map(([id]) => id),
  ])
}

describe('docs/compatibility.md', () => {
  test('has every test of the reference once', () => {
    const expected = Object.entries(SUITES).flatMap(([letters, count]) =>
      Array.from({ length: count }, (_, index) => `${letters}${index + 1}`),
    )
    const ids = rows().map(({ id }) => id)
    assert.deepEqual(ids.filter((id) => id !== 'ST').sort(), expected.sort())
  })

  test('names a file that has the test, or says why there is none', () => {
    const wrong = rows().filter(({ id, here }) => {
      const file = /^`(test\/[^`]+)`/.exec(here)?.[1]
      return file === undefined ? here.length < 20 : !idsIn(file).includes(id)
    })
    assert.deepEqual(wrong, [])
  })

  test('knows every id that an acceptance test has', () => {
    const known = new Set(rows().map(({ id }) => id))
    const unknown = globSync('test/acceptance/*.test.ts', { cwd: ROOT }).flatMap((file) =>
      idsIn(file).filter((id) => !known.has(id)),
    )
    assert.deepEqual(unknown, [])
  })
})
