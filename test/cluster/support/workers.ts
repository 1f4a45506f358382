import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import { freePorts } from './ports.ts'

export type WorkerProps = Readonly<Record<string, string>>

export interface Workers {
  readonly workers: readonly Child[]
  /** Of their REST APIs, in the same order. */
  readonly urls: readonly string[]
}

/** A folder that is removed at the end; NARU_KEEP=1 leaves data and logs of every process behind, to look at after a failure. */
export async function scratchFolder(stack: AsyncDisposableStack, name: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), `naru-${name}-`))
  if (process.env.NARU_KEEP === undefined) stack.defer(() => rm(dir, { recursive: true, force: true }))
  else process.stderr.write(`logs and data are kept in ${dir}\n`)
  return dir
}

/** Workers of one group, each a process on a REST port of its own. */
export async function startWorkers(
  stack: AsyncDisposableStack,
  options: {
    readonly dir: string
    readonly count: number
    readonly props: WorkerProps
    /** false: they are made but not started. */
    readonly start?: boolean
  },
): Promise<Workers> {
  const ports = await freePorts(options.count)
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const workers: Child[] = []
  for (const [i, url] of urls.entries()) {
    const file = join(options.dir, `worker-${i}.properties`)
    await writeFile(file, properties({ listeners: url, ...options.props }))
    const logFile = join(options.dir, `worker-${i}.log`)
    const ready = (): Promise<boolean> => isHealthy(url)
    workers.push(stack.use(new Child({ name: `worker ${i}`, args: ['worker', file], logFile, ready })))
  }
  if (options.start !== false) await Promise.all(workers.map((worker) => worker.start()))
  return { workers, urls }
}

/** A group `run` and its internal topics. */
export function groupProps(run: string, bootstrap: string, copies = 1): WorkerProps {
  return {
    'bootstrap.servers': bootstrap,
    'group.id': run,
    'config.storage.topic': `${run}-configs`,
    'offset.storage.topic': `${run}-offsets`,
    'status.storage.topic': `${run}-status`,
    'config.storage.replication.factor': String(copies),
    'offset.storage.replication.factor': String(copies),
    'status.storage.replication.factor': String(copies),
    'offset.storage.partitions': '5',
    'scheduled.rebalance.max.delay.ms': '0',
  }
}

export const STRINGS: WorkerProps = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
}

/** So that a killed worker's work moves within seconds. */
export const SHORT_SESSIONS: WorkerProps = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' }

export function newRun(prefix: string): string {
  return `${prefix}-${Math.random().toString(36).slice(2, 8)}`
}

function properties(props: WorkerProps): string {
  return Object.entries(props)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).status === 200
  } catch {
    return false // not listening yet
  }
}
