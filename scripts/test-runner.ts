import { availableParallelism, homedir } from 'node:os'
import { globSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Readable } from 'node:stream'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { spec } from 'node:test/reporters'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** Files that run together; the phases of a run follow each other. */
export interface Phase {
  readonly files: readonly string[]
  /** Test files at a time. */
  readonly concurrency: number
}

export const ALL_CORES = Math.max(2, availableParallelism())
/** For files that spend much of their time waiting for sessions and timeouts. */
export const MOSTLY_WAITING = ALL_CORES + 1

/** Small clusters of processes that are killed and started: those whose limits are what they test go one at a time, the others side by side. */
export function clusterPhases(): readonly Phase[] {
  const timed = ['failover', 'recovery'].map((name) => `test/cluster/${name}.test.ts`)
  const longest = ['exactly-once', 'backpressure', 'kills'].map((name) => `test/cluster/${name}.test.ts`)
  const first = longest.map((file) => resolve(ROOT, file))
  const alone = testFiles(...timed)
  const others = testFiles('test/cluster').filter((file) => !alone.includes(file) && !first.includes(file))
  return [
    { files: [...first, ...others], concurrency: ALL_CORES },
    { files: alone, concurrency: 1 },
  ]
}

/** The test files below folders of the repository, and files named one by one. */
export function testFiles(...places: readonly string[]): string[] {
  return places
    .flatMap((place) => (place.endsWith('.ts') ? [place] : globSync(`${place}/**/*.test.ts`, { cwd: ROOT })))
    .map((file) => resolve(ROOT, file))
    .sort()
}

/** Paths as a user types them: test files, or folders of test files. */
export function filesOfArguments(args: readonly string[]): string[] {
  return testFiles(...args.map((arg) => relative(ROOT, resolve(arg))))
}

/**
 * Test files, the threads of their workers and their child processes strip types and compile once per version, as `naru` does: a third less CPU
 * time for a file that starts many tasks.
 */
process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'naru', 'compiled')

/** Runs the phases one after another and reports them as one run, with node:test's closing lines. */
export async function runPhases(phases: readonly Phase[]): Promise<void> {
  const report = Readable.from(events(phases)).compose(new spec() as never) as Readable
  for await (const chunk of report) process.stdout.write(chunk as string)
}

/** The closing lines of each phase are held back; their sums come last. */
async function* events(phases: readonly Phase[]): AsyncGenerator<TestEvent> {
  const totals = new Map<string, number>()
  for (const { files, concurrency } of phases) {
    if (files.length === 0) continue
    for await (const event of run({ files: [...files], concurrency }) as AsyncIterable<TestEvent>) {
      const total = closingLine(event)
      if (total === undefined) {
        if (event.type !== 'test:summary') yield event
        continue
      }
      totals.set(total.name, (totals.get(total.name) ?? 0) + total.count)
    }
  }
  for (const [name, count] of totals)
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${count}`, level: 'info' } } as TestEvent
  if (totals.get('fail') !== 0 || totals.get('cancelled') !== 0) process.exitCode = 1
}

function closingLine(event: TestEvent): { name: string; count: number } | undefined {
  if (event.type !== 'test:diagnostic' || event.data.nesting !== 0 || event.data.file !== undefined) return undefined
  const match = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(event.data.message)
  return match === null ? undefined : { name: match[1]!, count: Number(match[2]) }
}
