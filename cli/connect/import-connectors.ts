import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../usage-error.ts'
import { RestError } from './rest.ts'
import type { Config, ConnectorStatus, ConnectRest, InitialState } from './rest.ts'

export interface ImportOptions {
  readonly from: ConnectRest
  readonly to: ConnectRest
  readonly dryRun: boolean
  /** Stop what runs there, and run it here. */
  readonly move: boolean
  /** undefined: all. */
  readonly only: readonly string[] | undefined
}

export interface ImportRow extends Readonly<Record<string, string>> {
  readonly connector: string
  readonly there: string
  readonly here: string
  readonly offsets: string
  readonly note: string
}

const STOP_TIMEOUT_MS = 60_000

/** Takes connectors over, one after another. `complete`: none was refused. */
export async function importConnectors(
  options: ImportOptions,
): Promise<{ readonly rows: readonly ImportRow[]; readonly complete: boolean }> {
  const { from, only } = options
  const there = await from.statuses()
  const missing = only?.find((name) => !there.some((status) => status.name === name))
  if (missing !== undefined) throw new UsageError(`there is no connector ${missing} at ${from.url}`)
  const rows: ImportRow[] = []
  for (const status of there) {
    if (only !== undefined && !only.includes(status.name)) continue
    rows.push(await new ConnectorImport(options, status).run())
  }
  return { rows, complete: rows.every(({ here }) => here !== REFUSED) }
}

const REFUSED = 'refused'

/** One connector: what is there, what is here, what has to happen, and the doing of it. */
class ConnectorImport {
  readonly #options: ImportOptions
  readonly #name: string
  readonly #there: string
  readonly #notes: string[] = []
  #stoppedThere = false
  /** As they were before anything was done; undefined: its cluster cannot tell. */
  #offsetsThere: string | undefined

  constructor(options: ImportOptions, { name, connector }: ConnectorStatus) {
    this.#options = options
    this.#name = name
    this.#there = connector.state
  }

  async run(): Promise<ImportRow> {
    try {
      return await this.#run()
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      this.#notes.push(error.message)
      await this.#undoStop()
      return this.#row(REFUSED, '')
    }
  }

  async #run(): Promise<ImportRow> {
    const { from, to } = this.#options
    const config = await from.config(this.#name)
    if (config === undefined) return this.#row('deleted there meanwhile', '')
    const ours = await to.config(this.#name)
    if (ours !== undefined && !sameConfig(ours, config)) {
      this.#notes.push(
        `another config is here, by ${differences(ours, config).join(', ')}; delete it here to import this one`,
      )
      return this.#row(REFUSED, '')
    }
    const lacking = await this.#lacking(config)
    if (lacking !== undefined) {
      this.#notes.push(lacking)
      return this.#row(REFUSED, '')
    }
    this.#offsetsThere = await from.offsets(this.#name)
    return ours === undefined ? await this.#take(config) : await this.#refresh()
  }

  /** Why it could not run here. */
  async #lacking(config: Config): Promise<string | undefined> {
    try {
      const errors = await this.#options.to.validate(config)
      return errors.length === 0 ? undefined : errors.join('; ')
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      return `there is no plugin ${config['connector.class'] ?? ''} here: put it into plugin.path`
    }
  }

  async #take(config: Config): Promise<ImportRow> {
    const { to, dryRun } = this.#options
    const state = this.#stateHere()
    if (dryRun) return this.#row(`would be made ${state}`, summary(this.#offsetsThere))
    if (this.#moves) await this.#stopThere()
    await to.create({ name: this.#name, config, initial_state: 'STOPPED' })
    await this.#stopped(to)
    const offsets = await this.#copyOffsets()
    await this.#bring(state)
    return this.#row(`made ${state}`, offsets)
  }

  /** It is here with the same config: only its offsets and state may lag behind. */
  async #refresh(): Promise<ImportRow> {
    const { to, dryRun } = this.#options
    const here = (await to.status(this.#name))?.connector.state ?? 'UNASSIGNED'
    if (here !== 'STOPPED') {
      if (this.#moves) this.#notes.push('it runs there and here; stop one of them')
      return this.#row(`${here} already`, 'left alone')
    }
    const state = this.#stateHere()
    if (dryRun)
      return this.#row(state === 'STOPPED' ? 'STOPPED already' : `would be ${state}`, await this.#offsetPlan())
    if (this.#moves) await this.#stopThere()
    const offsets = await this.#copyOffsets()
    await this.#bring(state)
    return this.#row(state === 'STOPPED' ? 'STOPPED already' : state, offsets)
  }

  get #runsThere(): boolean {
    return this.#there !== 'PAUSED' && this.#there !== 'STOPPED'
  }

  get #moves(): boolean {
    return this.#options.move && this.#runsThere && this.#offsetsThere !== undefined
  }

  #stateHere(): InitialState {
    if (this.#offsetsThere === undefined) {
      this.#notes.push(
        'its cluster cannot tell offsets (Kafka Connect before 3.5), without which it would begin anew: it stays STOPPED here; PATCH its offsets, or start a worker here with the group.id and the topics of that cluster instead',
      )
      return 'STOPPED'
    }
    if (!this.#runsThere) return this.#there as InitialState
    if (this.#options.move) return 'RUNNING'
    this.#notes.push('it runs there, so it stays STOPPED here; with --move it is stopped there first')
    return 'STOPPED'
  }

  async #offsetPlan(): Promise<string> {
    const there = this.#offsetsThere
    if (there === undefined) return ''
    const here = await this.#options.to.offsets(this.#name)
    return canonical(there) === canonical(here) ? 'equal' : `${summary(there)} would be set`
  }

  async #copyOffsets(): Promise<string> {
    const { to } = this.#options
    const there = await this.#options.from.offsets(this.#name)
    if (there === undefined) return ''
    // Where both clusters work for one Kafka, a sink's offsets are its group's, and here already.
    if (canonical(there) === canonical(await to.offsets(this.#name))) return count(there) === 0 ? 'none' : 'equal'
    if (count(there) === 0) return 'none there'
    await to.alterOffsets(this.#name, there)
    return `${summary(there)} set`
  }

  async #stopThere(): Promise<void> {
    const { from } = this.#options
    await from.transition(this.#name, 'stop')
    this.#stoppedThere = true
    await this.#stopped(from)
  }

  /** Until it and its tasks have stopped: a task that still runs would commit behind what was copied. */
  async #stopped(rest: ConnectRest): Promise<void> {
    const deadline = Date.now() + STOP_TIMEOUT_MS
    for (;;) {
      const status = await rest.status(this.#name)
      if (status?.connector.state === 'STOPPED' && status.tasks.length === 0) return
      if (Date.now() > deadline)
        throw new RestError(`PUT /connectors/${this.#name}/stop`, 202, 'it has not stopped within a minute')
      await delay(100)
    }
  }

  async #bring(state: InitialState): Promise<void> {
    const { to } = this.#options
    if (state === 'RUNNING') await to.transition(this.#name, 'resume')
    else if (state === 'PAUSED') await to.transition(this.#name, 'pause')
    this.#stoppedThere = false // from here on it belongs here
  }

  async #undoStop(): Promise<void> {
    if (!this.#stoppedThere) return
    await this.#options.from.transition(this.#name, 'resume')
    this.#notes.push('it runs there again')
  }

  #row(here: string, offsets: string): ImportRow {
    return { connector: this.#name, there: this.#there, here, offsets, note: this.#notes.join('; ') }
  }
}

function sameConfig(a: Config, b: Config): boolean {
  return differences(a, b).length === 0
}

function differences(a: Config, b: Config): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).sort()
}

function count(offsets: string): number {
  return (JSON.parse(offsets) as { offsets: readonly unknown[] }).offsets.length
}

function summary(offsets: string | undefined): string {
  if (offsets === undefined) return ''
  const all = count(offsets)
  return all === 1 ? '1 offset' : `${all} offsets`
}

/** Two answers say the same when their entries do, in whatever order; numbers are compared by all their digits. */
function canonical(offsets: string | undefined): string {
  if (offsets === undefined) return ''
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' ? `#${context?.source ?? value}` : value
  const parsed = JSON.parse(offsets, exact as (key: string, value: unknown) => unknown) as {
    offsets: readonly unknown[]
  }
  return parsed.offsets
    .map((entry) => JSON.stringify(sorted(entry)))
    .sort()
    .join('\n')
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
