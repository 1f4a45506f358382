/** Columns under their names, as wide as needed. */
export function table(rows: readonly Readonly<Record<string, string>>[]): string {
  const [first] = rows
  if (first === undefined) return 'no connectors\n'
  const columns = Object.keys(first)
  const lines = [
    columns.map((column) => column.toUpperCase()),
    ...rows.map((row) => columns.map((name) => row[name] ?? '')),
  ]
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
