export type Row = Readonly<Record<string, string | number>>

/** One table for people, one JSON line for machines. */
export function report(bench: string, settings: Row, rows: readonly Row[]): void {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [columns, ...rows.map((row) => columns.map((column) => format(row[column])))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  const print = (line: readonly string[]) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  const detail = Object.entries(settings)
    .map(([key, value]) => `${key} ${format(value)}`)
    .join(', ')
  process.stdout.write(`\n${bench}: ${detail}\n\n`)
  for (const line of cells) process.stdout.write(`${print(line)}\n`)
  process.stdout.write(`\n${JSON.stringify({ bench, node: process.version, ...settings, rows })}\n`)
}

function format(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(value < 10 ? 2 : 1)
}

export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? 0
}

export const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
