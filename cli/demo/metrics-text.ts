/** Prometheus text exposition, as far as a reader of sums needs it. */
export class MetricsText {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text.split('\n')
  }

  /** Sum of a metric's samples with these labels; undefined: there are none. */
  sum(name: string, labels: Readonly<Record<string, string>>): number | undefined {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
    const values = this.#lines
      .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
      .map((line) =>
        Number(
          line
            .slice(line.lastIndexOf('}') + 1)
            .trim()
            .split(' ')[0],
        ),
      )
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
  }
}
