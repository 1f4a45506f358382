/** Something the user can put right: printed as one line, exit code 2. */
export class UsageError extends Error {}

/** `; did you mean "x"?` when one of the names is near, or nothing. */
export function closest(typed: string, names: readonly string[]): string {
  const best = names
    .map((name) => ({ name, distance: distance(typed, name) }))
    .sort((a, b) => a.distance - b.distance)
    .at(0)
  return best !== undefined && best.distance <= 2 ? `; did you mean "${best.name}"?` : `: there are ${names.join(', ')}`
}

/** Levenshtein's, row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
