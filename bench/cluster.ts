// npm run bench -- cluster [--connectors 200] [--tasks 2] [--workers 3] [--kafka apache|embedded]
// Many idle connectors on a few workers: time until all tasks run, memory per task, how long the tasks of a stopping worker are away, and REST
// latency while every worker is restarted in turn.
import { join } from 'node:path'
import { Fleet } from '../test/cluster/support/fleet.ts'
import type { ConnectorStatus } from '../test/cluster/support/rest.ts'
import { until } from '../test/cluster/support/until.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, percentile, report } from './support/report.ts'
import type { Row } from './support/report.ts'

const TEST_CONNECTORS = join(import.meta.dirname, '..', 'test', 'connectors')
const SETTLE_MS = 10_000

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const connectors = numberFlag(flags, 'connectors', 200)
  const tasks = numberFlag(flags, 'tasks', 2)
  const workers = numberFlag(flags, 'workers', 3)
  await using fleet = await Fleet.start({
    workers,
    kafka: kafkaFlag(flags),
    props: { 'plugin.path': TEST_CONNECTORS, 'offset.flush.interval.ms': '10000' },
  })
  const load = new Load(fleet, connectors, tasks)
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
  rows.push(...(await load.latency(5_000)))
  rows.push(...(await rollingRestart(fleet, load)))
  report('cluster', { connectors, tasks, workers, kafka: kafkaFlag(flags) }, rows)
}

/** Each worker in turn: SIGTERM, start again, wait until all runs; REST is asked of the others all the time. */
async function rollingRestart(fleet: Fleet, load: Load): Promise<readonly Row[]> {
  const began = performance.now()
  const asking = new AbortController()
  const answers = load.ask(asking.signal)
  const generations: number[] = []
  for (const [index, worker] of fleet.workers.entries()) {
    load.avoid(index)
    await worker.stop()
    const stoppedAt = performance.now()
    await load.allRunWithout(fleet.idOf(index))
    generations.push(performance.now() - stoppedAt)
    await worker.start()
    load.avoid(undefined)
    await load.allRun()
  }
  asking.abort()
  const { times, failures } = await answers
  return [
    { what: 'worker stopped, until its tasks run elsewhere: worst', value: Math.max(...generations) / 1000, unit: 's' },
    { what: 'rolling restart of all workers', value: since(began), unit: 's' },
    { what: 'REST p50 meanwhile', value: percentile(times, 50), unit: 'ms' },
    { what: 'REST p99 meanwhile', value: percentile(times, 99), unit: 'ms' },
    { what: 'REST requests meanwhile', value: times.length, unit: '' },
    { what: 'REST answers other than 2xx', value: failures, unit: '' },
  ]
}

class Load {
  readonly #fleet: Fleet
  readonly #names: readonly string[]
  readonly #tasks: number
  #avoided: number | undefined

  constructor(fleet: Fleet, connectors: number, tasks: number) {
    this.#fleet = fleet
    this.#names = Array.from({ length: connectors }, (_, i) => `idle-${i}`)
    this.#tasks = tasks
  }

  async create(): Promise<void> {
    for (const [i, name] of this.#names.entries())
      await this.#fleet.restOf(i % this.#fleet.workers.length).put(name, {
        'connector.class': 'MonitorableSourceConnector',
        'tasks.max': String(this.#tasks),
        topic: `idle-${i % 10}`,
        'max.messages': '0',
      })
  }

  async allRun(): Promise<void> {
    await this.#until((owner) => owner !== '')
  }

  async allRunWithout(workerId: string): Promise<void> {
    await this.#until((owner) => owner !== workerId)
  }

  /** This worker is about to stop: a load balancer would ask the others. */
  avoid(worker: number | undefined): void {
    this.#avoided = worker
  }

  /** Worker by task. */
  async owners(): Promise<ReadonlyMap<string, string>> {
    const owners = new Map<string, string>()
    for (const { name, tasks } of await this.#statuses())
      for (const { id, state, worker_id: owner } of tasks) owners.set(`${name} ${id}`, state === 'RUNNING' ? owner : '')
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
      const { status } = await this.#rest(i).request('GET', path)
      times.push(performance.now() - started)
      if (status >= 300) failures++
      await pause(10)
    }
    return { times: times.sort((a, b) => a - b), failures }
  }

  #rest(turn: number) {
    const living = this.#fleet.workers.map((_, i) => i).filter((i) => i !== this.#avoided)
    return this.#fleet.restOf(living[turn % living.length]!)
  }

  async #until(isRight: (owner: string) => boolean): Promise<void> {
    const total = this.#names.length * this.#tasks
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
