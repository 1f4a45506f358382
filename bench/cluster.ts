// npm run bench -- cluster [--connectors 200] [--ticking 20] [--tasks 2] [--workers 3] [--kafka apache|embedded]
// Many connectors on a few workers, all idle but the ticking ones, whose tasks make a record every 50 ms: time until all tasks run, memory per task;
// then a connector comes and goes, and every worker is restarted in turn: how long tasks that move stand still, and those that do not, seen at their records, and REST latency.
import { join } from 'node:path'
import { Fleet } from '../test/cluster/support/fleet.ts'
import type { ConnectorStatus } from '../test/cluster/support/rest.ts'
import { until } from '../test/cluster/support/until.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, percentile, report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { TaskPauses } from './support/task-pauses.ts'
import type { Shift } from './support/task-pauses.ts'

const TEST_CONNECTORS = join(import.meta.dirname, '..', 'test', 'connectors')
const SETTLE_MS = 10_000
const TICKS = 'ticks'
const TICK_MS = 50
/** Each is two rebalances, in which nothing else moves: what those alone do to a task, without the work of starting a hundred others. */
const ADDITIONS = 5

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const connectors = numberFlag(flags, 'connectors', 200)
  const tasks = numberFlag(flags, 'tasks', 2)
  const workers = numberFlag(flags, 'workers', 3)
  await using fleet = await Fleet.start({
    workers,
    kafka: kafkaFlag(flags),
    props: { 'plugin.path': TEST_CONNECTORS, 'offset.flush.interval.ms': '10000' },
  })
  const ticking = Math.min(connectors, numberFlag(flags, 'ticking', 20))
  const load = new Load(fleet, { connectors, ticking, tasks })
  const rows: Row[] = []
  await pause(SETTLE_MS)
  const idle = await memory(fleet)
  rows.push({ what: 'memory of an idle worker', value: idle / workers, unit: 'MB' })
  const created = performance.now()
  await load.create()
  rows.push({ what: `PUT of ${connectors} connectors, one after another`, value: since(created), unit: 's' })
  await load.allRun()
  rows.push({ what: `until ${connectors * tasks} tasks RUNNING`, value: since(created), unit: 's' })
  await pause(SETTLE_MS)
  rows.push({ what: 'memory per task', value: ((await memory(fleet)) - idle) / (connectors * tasks), unit: 'MB' })
  const quiet = Date.now()
  rows.push(...(await load.latency(5_000)))
  const additions = await load.additions(ADDITIONS)
  const restart = await rollingRestart(fleet, load)
  rows.push(...restart.rows)
  if (ticking > 0) {
    const pauses = await TaskPauses.read(fleet.kafka.bootstrap, TICKS, TICK_MS)
    rows.push(...pauses.quiet(quiet, quiet + 5_000))
    for (const [what, shifts] of [
      ['a connector comes and goes', additions],
      ['worker stops', restart.stops],
      ['worker starts', restart.starts],
    ] as const)
      rows.push(...pauses.moved(what, shifts), ...pauses.unmoved(what, shifts))
  }
  report('cluster', { connectors, ticking, tasks, workers, kafka: kafkaFlag(flags) }, rows)
}

const TICKING = {
  'connector.class': 'MonitorableSourceConnector',
  topic: TICKS,
  throughput: String(1000 / TICK_MS),
}
const IDLE = { 'connector.class': 'MonitorableSourceConnector', 'max.messages': '0' }

interface RollingRestart {
  readonly rows: readonly Row[]
  readonly stops: readonly Shift[]
  readonly starts: readonly Shift[]
}

/** Each worker in turn: SIGTERM, start again, wait until all runs; REST is asked of the others all the time. */
async function rollingRestart(fleet: Fleet, load: Load): Promise<RollingRestart> {
  const began = performance.now()
  const asking = new AbortController()
  const answers = load.ask(asking.signal)
  const generations: number[] = []
  const stops: Shift[] = []
  const starts: Shift[] = []
  for (const [index, worker] of fleet.workers.entries()) {
    load.avoid(index)
    stops.push(
      await load.shift(async () => {
        await worker.stop()
        const stoppedAt = performance.now()
        await load.allRunWithout(fleet.idOf(index))
        generations.push(performance.now() - stoppedAt)
      }),
    )
    starts.push(
      await load.shift(async () => {
        await worker.start()
        load.avoid(undefined)
        await load.allRunWith(fleet.idOf(index))
      }),
    )
  }
  asking.abort()
  const { times, failures } = await answers
  const rows = [
    { what: 'worker stopped, until its tasks run elsewhere: worst', value: Math.max(...generations) / 1000, unit: 's' },
    { what: 'rolling restart of all workers', value: since(began), unit: 's' },
    { what: 'REST p50 meanwhile', value: percentile(times, 50), unit: 'ms' },
    { what: 'REST p99 meanwhile', value: percentile(times, 99), unit: 'ms' },
    { what: 'REST requests meanwhile', value: times.length, unit: '' },
    { what: 'REST answers other than 2xx', value: failures, unit: '' },
  ]
  return { rows, stops, starts }
}

class Load {
  readonly #fleet: Fleet
  readonly #names: readonly string[]
  readonly #ticking: number
  readonly #tasks: number
  #avoided: number | undefined

  constructor(
    fleet: Fleet,
    { connectors, ticking, tasks }: Readonly<Record<'connectors' | 'ticking' | 'tasks', number>>,
  ) {
    this.#fleet = fleet
    this.#names = Array.from({ length: connectors }, (_, i) => (i < ticking ? `tick-${i}` : `idle-${i}`))
    this.#ticking = ticking
    this.#tasks = tasks
  }

  async create(): Promise<void> {
    for (const [i, name] of this.#names.entries())
      await this.#fleet.restOf(i % this.#fleet.workers.length).put(name, {
        ...(i < this.#ticking ? TICKING : { ...IDLE, topic: `idle-${i % 10}` }),
        'tasks.max': String(this.#tasks),
      })
  }

  async allRun(): Promise<void> {
    await this.#until((owner) => owner !== '')
  }

  async allRunWithout(workerId: string): Promise<void> {
    await this.#until((owner) => owner !== workerId)
  }

  /** Work has come back to a worker that was started again, and all runs. */
  async allRunWith(workerId: string): Promise<void> {
    await until(async () => [...(await this.owners()).values()].includes(workerId), {
      timeoutMs: 600_000,
      everyMs: 250,
      describe: () => `${workerId} runs a task`,
    })
    await this.allRun()
  }

  /** What `change` makes move. Leaves time for the first records after it. */
  async shift(change: () => Promise<void>): Promise<Shift> {
    const before = await this.owners()
    const from = Date.now()
    await change()
    const after = await this.owners()
    const to = Date.now()
    await pause(2_000)
    const moved = [...after].filter(([task, owner]) => before.get(task) !== owner).map(([task]) => task)
    return { from, to, moved: new Set(moved) }
  }

  /** A connector more, and without it again, `times` times. */
  async additions(times: number): Promise<readonly Shift[]> {
    const shifts: Shift[] = []
    for (let i = 0; i < times; i++)
      shifts.push(
        await this.shift(async () => {
          await this.#rest(i).put('passing', { ...IDLE, 'tasks.max': '1', topic: 'passing' })
          await this.#until((owner) => owner !== '', 1)
          await this.#rest(i).request('DELETE', '/connectors/passing')
          await this.#until((owner) => owner !== '')
        }),
      )
    return shifts
  }

  /** This worker is about to stop: a load balancer would ask the others. */
  avoid(worker: number | undefined): void {
    this.#avoided = worker
  }

  /** Worker by task. */
  async owners(): Promise<ReadonlyMap<string, string>> {
    const owners = new Map<string, string>()
    for (const { name, tasks } of await this.#statuses())
      for (const { id, state, worker_id: owner } of tasks) owners.set(`${name}-${id}`, state === 'RUNNING' ? owner : '')
    return owners
  }

  /** Statuses and configs of random connectors, one after another. */
  async latency(ms: number): Promise<readonly Row[]> {
    const { times, failures } = await this.ask(AbortSignal.timeout(ms))
    return [
      { what: 'REST p50, nothing else going on', value: percentile(times, 50), unit: 'ms' },
      { what: 'REST p99, nothing else going on', value: percentile(times, 99), unit: 'ms' },
      { what: 'REST answers other than 2xx', value: failures, unit: '' },
    ]
  }

  async ask(signal: AbortSignal): Promise<{ readonly times: readonly number[]; readonly failures: number }> {
    const times: number[] = []
    let failures = 0
    for (let i = 0; !signal.aborted; i++) {
      const name = this.#names[(i * 7) % this.#names.length]!
      const path = [`/connectors/${name}/status`, `/connectors/${name}`, '/connectors', `/connectors/${name}/tasks`][
        i % 4
      ]!
      const started = performance.now()
      try {
        const { status } = await this.#rest(i).request('GET', path)
        if (status >= 300) failures++
      } catch {
        failures++ // no answer at all
      }
      times.push(performance.now() - started)
      await pause(10)
    }
    return { times: times.sort((a, b) => a - b), failures }
  }

  #rest(turn: number) {
    const living = this.#fleet.workers.map((_, i) => i).filter((i) => i !== this.#avoided)
    return this.#fleet.restOf(living[turn % living.length]!)
  }

  async #until(isRight: (owner: string) => boolean, more = 0): Promise<void> {
    const total = this.#names.length * this.#tasks + more
    let right = 0
    await until(
      async () => {
        const owners = [...(await this.owners()).values()]
        right = owners.filter((owner) => owner !== '' && isRight(owner)).length
        return owners.length === total && right === total
      },
      { timeoutMs: 600_000, everyMs: 250, describe: () => `${right} of ${total} tasks run` },
    )
  }

  async #statuses(): Promise<readonly ConnectorStatus[]> {
    const { body } = await this.#rest(0).request('GET', '/connectors?expand=status')
    return Object.values(body as Record<string, { status?: ConnectorStatus }>).flatMap(({ status }) =>
      status === undefined ? [] : [status],
    )
  }
}

async function memory(fleet: Fleet): Promise<number> {
  let sum = 0
  for (const { pid } of fleet.workers) {
    using usage = await ProcessUsage.of(pid!)
    sum += await usage.rss()
  }
  return megabytes(sum)
}

const since = (start: number): number => (performance.now() - start) / 1000

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
