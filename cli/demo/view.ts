import type { ConnectorPulse, Pulse } from './pulse.ts'

/** Shows pulses to whoever looks. */
export interface View {
  readonly everyMs: number
  show(pulse: Pulse): void
  close(): void
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>

/** A calm picture, drawn in place. */
export class LiveView implements View {
  readonly everyMs = 1_000
  readonly #output: Output
  readonly #head: readonly string[]
  #drawn = 0

  constructor(options: { output: Output; head: readonly string[] }) {
    this.#output = options.output
    this.#head = options.head
    this.#output.write('\x1b[?25l') // hide the cursor
  }

  show(pulse: Pulse): void {
    // A terminal that nobody has told its size says 0.
    const width = Math.max(20, (this.#output.columns || 80) - 1)
    const height = Math.max(5, (this.#output.rows || 24) - 1)
    const lines = [...this.#head, '', ...picture(pulse), '', 'Ctrl-C stops everything; the next start continues.']
      .slice(0, height)
      .map((line) => `${line.slice(0, width)}\x1b[K\n`)
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`
    this.#output.write(`${up}${lines.join('')}\x1b[J`)
    this.#drawn = lines.length
  }

  close(): void {
    this.#output.write('\x1b[?25h')
  }
}

/** One line every few seconds, for logs and pipes. */
export class LineView implements View {
  readonly everyMs = 5_000
  readonly #output: Output

  constructor(options: { output: Output; head: readonly string[] }) {
    this.#output = options.output
    this.#output.write(`${options.head.join('\n')}\n`)
  }

  show(pulse: Pulse): void {
    const parts = pulse.connectors.map((each) => {
      const lag = each.lag === undefined ? '' : `, lag ${count(each.lag)}`
      return `${each.name} ${each.state} ${rate(each)}/s, ${count(each.total)} records${lag}${problem(each)}`
    })
    const latest = pulse.latestObject === undefined ? '' : `, latest ${pulse.latestObject}`
    this.#output.write(`${[...parts, `${count(pulse.objects)} objects${latest}`].join(' | ')}\n`)
  }

  close(): void {
    // nothing was changed on the terminal
  }
}

function picture(pulse: Pulse): string[] {
  const rows = [
    ['connector', 'state', 'tasks', 'records/s', 'records', 'lag'],
    ...pulse.connectors.map((each) => [
      each.name,
      each.state,
      String(each.tasks),
      rate(each),
      count(each.total),
      each.lag === undefined ? '-' : count(each.lag),
    ]),
  ]
  const widths = rows[0]!.map((_, i) => Math.max(9, ...rows.map((row) => row[i]!.length)))
  const table = rows.map((row) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
  const problems = pulse.connectors.filter((each) => each.problem !== undefined)
  return [
    ...table,
    ...problems.map((each) => `${each.name}${problem(each)}`),
    '',
    `shop      ${count(pulse.changes)} transactions since the start`,
    `objects   ${count(pulse.objects)} written`,
    `latest    ${pulse.latestObject ?? 'none yet'}`,
  ]
}

function rate({ perSecond }: ConnectorPulse): string {
  return perSecond >= 100 ? count(perSecond) : perSecond.toFixed(1)
}

function problem(of: ConnectorPulse): string {
  return of.problem === undefined ? '' : ` (${of.problem})`
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
