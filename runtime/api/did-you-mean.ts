/** Number of insertions, deletions, replacements and swaps of neighbours between two strings, or `limit + 1` when it is more. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let best = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1)
      row.push(best)
    }
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length]!, limit + 1)
}

/**
 * The candidate that `word` is probably a misspelling of: within `limit` edits, letter case and the separators `. _ -` not
 * counted. `undefined` when none is near, or when `word` is so short that everything would be.
 */
export function didYouMean(word: string, candidates: Iterable<string>, limit = 2): string | undefined {
  const wanted = normalized(word)
  const allowed = Math.min(limit, Math.floor(wanted.length / 3))
  let best: string | undefined
  let bestDistance = allowed + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normalized(candidate), allowed)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function normalized(word: string): string {
  return word.toLowerCase().replace(/[._-]/g, '.')
}
