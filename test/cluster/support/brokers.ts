import { join } from 'node:path'
import { RealKafka } from '../../../scripts/real-kafka.ts'
import { Child } from './child.ts'
import { defaultKafka } from './kafka-under-test.ts'
import { accepts } from './lab.ts'
import { freePorts } from './ports.ts'

/** The brokers of one cluster, each of which can be killed and comes back on its port with its data. */
export interface Brokers extends AsyncDisposable {
  readonly bootstrap: string
  readonly count: number
  /** From 0. */
  kill(broker: number): Promise<void>
  start(broker: number): Promise<void>
}

/** Three of Apache Kafka when the integration suite runs, one embedded broker otherwise. */
export async function startBrokers(dir: string): Promise<Brokers> {
  return defaultKafka() === 'embedded' ? await embedded(dir) : await apache(dir, 3)
}

async function embedded(dir: string): Promise<Brokers> {
  const [port = 0] = await freePorts(1)
  const child = new Child({
    name: 'kafka',
    args: ['embedded', 'kafka', '--port', String(port), '--data', join(dir, 'kafka')],
    logFile: join(dir, 'kafka.log'),
    ready: () => accepts(port),
  })
  await child.start()
  return {
    bootstrap: `127.0.0.1:${port}`,
    count: 1,
    kill: () => child.kill(),
    start: () => child.start(),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

async function apache(dir: string, nodes: number): Promise<Brokers> {
  const kafka = await RealKafka.start({ dataDir: join(dir, 'kafka'), nodes })
  return {
    bootstrap: kafka.bootstrap,
    count: nodes,
    kill: (broker) => kafka.killNode(broker + 1),
    start: (broker) => kafka.startNode(broker + 1),
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}
