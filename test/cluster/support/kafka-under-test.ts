import { join } from 'node:path'
import { RealKafka } from '../../../scripts/real-kafka.ts'
import { Child } from './child.ts'
import { accepts } from './lab.ts'
import { freePorts } from './ports.ts'

export type KafkaKind = 'embedded' | 'apache'

/** A broker that can be killed and comes back on the same port with the same data. */
export interface KafkaUnderTest extends AsyncDisposable {
  readonly bootstrap: string
  kill(): Promise<void>
  start(): Promise<void>
}

/** Apache Kafka when the integration suite runs against it, the embedded broker otherwise. */
export function defaultKafka(): KafkaKind {
  return process.env.KAFKA_BOOTSTRAP === undefined ? 'embedded' : 'apache'
}

export async function startKafka(kind: KafkaKind, dir: string): Promise<KafkaUnderTest> {
  return kind === 'embedded' ? startEmbedded(dir) : startApache(dir)
}

async function startEmbedded(dir: string): Promise<KafkaUnderTest> {
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
    kill: () => child.kill(),
    start: () => child.start(),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

async function startApache(dir: string): Promise<KafkaUnderTest> {
  const kafka = await RealKafka.start({ dataDir: join(dir, 'kafka'), nodes: 1 })
  return {
    bootstrap: kafka.bootstrap,
    kill: () => kafka.killNode(1),
    start: () => kafka.startNode(1),
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}
