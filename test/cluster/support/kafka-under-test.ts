import { join } from 'node:path'
import { RealKafka } from '../../../scripts/real-kafka.ts'
import { Child } from './child.ts'
import { accepts, freePorts } from './ports.ts'

export type KafkaKind = 'embedded' | 'apache'

/** The brokers of one cluster, each of which can be killed and comes back on its port with its data. */
export interface KafkaUnderTest extends AsyncDisposable {
  readonly bootstrap: string
  readonly count: number
  /** SIGKILL. Brokers count from 0. */
  kill(broker?: number): Promise<void>
  /** SIGTERM: it hands its leaderships over first. */
  stop(broker?: number): Promise<void>
  /** Resolves when it accepts connections. */
  start(broker?: number): Promise<void>
}

/** Apache Kafka when the integration suite runs against it, the embedded broker otherwise. */
export function defaultKafka(): KafkaKind {
  return process.env.KAFKA_BOOTSTRAP === undefined ? 'embedded' : 'apache'
}

/** `nodes` of Apache Kafka; the embedded broker is always one. */
export async function startKafka(kind: KafkaKind, dir: string, nodes = 1): Promise<KafkaUnderTest> {
  return kind === 'embedded' ? startEmbedded(dir) : startApache(dir, nodes)
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
    count: 1,
    kill: () => child.kill(),
    stop: () => child.stop(),
    start: () => child.start(),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

async function startApache(dir: string, nodes: number): Promise<KafkaUnderTest> {
  const kafka = await RealKafka.start({ dataDir: join(dir, 'kafka'), nodes })
  return {
    bootstrap: kafka.bootstrap,
    count: nodes,
    kill: (broker = 0) => kafka.killNode(broker + 1),
    stop: (broker = 0) => kafka.stopNode(broker + 1),
    start: (broker = 0) => kafka.startNode(broker + 1),
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}
