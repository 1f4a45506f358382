import { appendFile, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fleet } from './fleet.ts'
import { isRunning } from './rest.ts'
import { until } from './until.ts'

/** Pairs of connectors, each a file that is read into a topic and a topic that is written into a file, to see whether data flows. */
export class FilePairs {
  readonly names: readonly string[]
  readonly #fleet: Fleet

  constructor(fleet: Fleet, count: number) {
    this.#fleet = fleet
    this.names = Array.from({ length: count }, (_, i) => `pair${i}`)
  }

  /** Creates all and waits until they run. */
  async create(): Promise<void> {
    const { rest } = this.#fleet
    for (const name of this.names) {
      await writeFile(this.#input(name), '')
      const common = { 'tasks.max': '1' }
      await rest.put(`${name}-in`, {
        ...common,
        'connector.class': 'FileStreamSource',
        file: this.#input(name),
        topic: name,
      })
      await rest.put(`${name}-out`, {
        ...common,
        'connector.class': 'FileStreamSink',
        file: this.output(name),
        topics: name,
      })
    }
    await this.allRun()
  }

  async allRun(timeoutMs = 60_000): Promise<void> {
    for (const name of this.names)
      for (const end of ['in', 'out'])
        await until(async () => isRunning(await this.#fleet.rest.status(`${name}-${end}`)), {
          timeoutMs,
          describe: async () => JSON.stringify(await this.#fleet.rest.status(`${name}-${end}`)),
        })
  }

  /** One line into every pair. */
  async write(line: string): Promise<void> {
    await Promise.all(this.names.map((name) => appendFile(this.#input(name), `${line}\n`)))
  }

  /** Resolves when the line has come out of every pair; answers the milliseconds since `since` (performance.now()). */
  async allArrive(line: string, since: number, timeoutMs = 60_000): Promise<number> {
    await Promise.all(
      this.names.map((name) =>
        until(async () => (await this.#tail(name)).includes(`${line}\n`), {
          timeoutMs,
          everyMs: 20,
          describe: async () =>
            `${line} out of ${name}: ${JSON.stringify([await this.#fleet.rest.status(`${name}-in`), await this.#fleet.rest.status(`${name}-out`)])}`,
        }),
      ),
    )
    return performance.now() - since
  }

  /** Tasks of all pairs by the worker that says to run them. */
  async perWorker(): Promise<ReadonlyMap<string, readonly string[]>> {
    const owners = new Map<string, string[]>()
    for (const name of this.names)
      for (const end of ['in', 'out']) {
        const status = await this.#fleet.rest.status(`${name}-${end}`)
        for (const { worker_id: owner } of status?.tasks ?? [])
          owners.set(owner, [...(owners.get(owner) ?? []), `${name}-${end}`])
      }
    return owners
  }

  output(name: string): string {
    return join(this.#fleet.dir, `${name}.out`)
  }

  #input(name: string): string {
    return join(this.#fleet.dir, `${name}.in`)
  }

  async #tail(name: string): Promise<string> {
    try {
      await using file = await open(this.output(name))
      const { size } = await file.stat()
      const from = Math.max(0, size - 4096)
      return (await file.read(Buffer.alloc(4096), 0, 4096, from)).buffer.toString('utf8').replace(/\0+$/, '')
    } catch {
      return '' // not there yet
    }
  }
}
