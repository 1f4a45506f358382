import { parseFlags } from './support/flags.ts'

type Bench = (flags: ReadonlyMap<string, string>) => Promise<void>

const BENCHES: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<{ bench: Bench }> }>> = {
  'kafka-client': {
    about: 'produce and consume 100 B and 1 KB records with the Kafka client',
    load: () => import('./kafka-client.ts'),
  },
  snapshot: { about: 'initial snapshot of 1 M rows of 500 B into a topic', load: () => import('./snapshot.ts') },
  cdc: { about: '1 M rows, written in 10-row transactions, into a topic', load: () => import('./cdc.ts') },
  'cdc-latency': { about: 'commit to consumer at 1 k and 10 k rows/s', load: () => import('./cdc-latency.ts') },
  s3: { about: '2 M JSON records of 200 B from a topic into gzipped objects', load: () => import('./s3.ts') },
  idle: { about: 'memory and CPU of a worker with one idle CDC connector', load: () => import('./idle.ts') },
  recovery: { about: 'SIGKILL of a worker to data flowing again', load: () => import('./recovery.ts') },
  'broker-recovery': {
    about: 'SIGKILL of one of three brokers to data flowing again',
    load: () => import('./broker-recovery.ts'),
  },
  transforms: {
    about: 'JSON records through two transformations and JsonConverter, one core, no broker',
    load: () => import('./transforms.ts'),
  },
  cluster: {
    about: '200 connectors of 2 tasks on 3 workers: start, rebalance, memory, rolling restart',
    load: () => import('./cluster.ts'),
  },
  start: { about: 'exec to REST ready to records flowing', load: () => import('./start.ts') },
}

const [name, ...args] = process.argv.slice(2)
const chosen = name === undefined ? undefined : BENCHES[name]
if (chosen === undefined) {
  const list = Object.entries(BENCHES).map(([key, { about }]) => `  ${key.padEnd(15)} ${about}\n`)
  process.stdout.write(
    `usage: npm run bench -- NAME [--kafka apache|embedded] [--rows N] …\n\n${list.join('')}\nFlags of each bench stand at the head of its file in bench/.\n`,
  )
  process.exitCode = name === undefined ? 0 : 2
} else {
  const { bench } = await chosen.load()
  await bench(parseFlags(args))
}
