import { EmbeddedPostgres } from '@naru/embedded/postgres'
import { EmbeddedS3 } from '@naru/embedded/s3'
import { join } from 'node:path'
import type { Child } from './child.ts'
import type { KafkaKind, KafkaUnderTest } from './kafka-under-test.ts'
import { defaultKafka, startKafka } from './kafka-under-test.ts'
import { RestClient } from './rest.ts'
import type { S3Access } from './s3-lines.ts'
import type { WorkerProps } from './workers.ts'
import { groupProps, newRun, scratchFolder, SHORT_SESSIONS, startWorkers } from './workers.ts'

export const BUCKET = 'landing'

/** Kafka, Postgres and workers, each a process of its own that can be killed and comes back on the same port, and an S3 server. */
export class Lab implements AsyncDisposable {
  readonly dir: string
  readonly kafka: KafkaUnderTest
  readonly postgres: EmbeddedPostgres
  readonly s3: EmbeddedS3
  readonly s3Access: S3Access
  readonly workers: readonly Child[]
  readonly rest: RestClient
  readonly #stack: AsyncDisposableStack

  private constructor(
    parts: Omit<Lab, 'rest' | typeof Symbol.asyncDispose | 'restOf'>,
    stack: AsyncDisposableStack,
    rest: RestClient,
  ) {
    this.dir = parts.dir
    this.kafka = parts.kafka
    this.postgres = parts.postgres
    this.s3 = parts.s3
    this.s3Access = parts.s3Access
    this.workers = parts.workers
    this.rest = rest
    this.#stack = stack
  }

  static async start(options: {
    readonly workers: number
    /** Over the properties below. */
    readonly workerProps?: Readonly<Record<string, string>>
    readonly kafka?: KafkaKind
    /** false: the workers are made but not started. */
    readonly startWorkers?: boolean
  }): Promise<Lab> {
    await using stack = new AsyncDisposableStack()
    const dir = await scratchFolder(stack, 'lab')
    const kafka = stack.use(await startKafka(options.kafka ?? defaultKafka(), dir))
    const postgres = stack.use(
      await EmbeddedPostgres.start({
        dataDir: join(dir, 'postgres'),
        settings: { max_replication_slots: '20', max_wal_senders: '20' },
      }),
    )

    const s3 = stack.use(await EmbeddedS3.start({ dataDir: join(dir, 's3'), buckets: [BUCKET] }))
    const { endpoint, region, accessKeyId, secretAccessKey } = s3
    const s3Access: S3Access = { endpoint, region, bucket: BUCKET, accessKeyId, secretAccessKey }

    const { workers, urls } = await startWorkers(stack, {
      dir,
      count: options.workers,
      props: { ...groupProps(newRun('lab'), kafka.bootstrap), ...WORKER_PROPS, ...options.workerProps },
      start: options.startWorkers !== false,
    })
    return new Lab({ dir, kafka, postgres, s3, s3Access, workers }, stack.move(), new RestClient(urls))
  }

  /** The REST API of one worker alone. */
  restOf(worker: number): RestClient {
    return new RestClient([this.rest.urls[worker] as string])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

const WORKER_PROPS: WorkerProps = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
  'offset.flush.interval.ms': '1000',
  ...SHORT_SESSIONS,
  'consumer.session.timeout.ms': '6000',
  'consumer.heartbeat.interval.ms': '1000',
}

/** A CDC connector of one counters table. */
export function cdcConfig(lab: Lab, name: string, table: string): Record<string, string> {
  const url = new URL(lab.postgres.url)
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'database.hostname': url.hostname,
    'database.port': url.port,
    'database.user': url.username,
    'database.password': url.password === '' ? 'postgres' : url.password,
    'database.dbname': url.pathname.slice(1),
    'topic.prefix': name,
    'plugin.name': 'pgoutput',
    'slot.name': name.replaceAll('-', '_'),
    'publication.name': `${name.replaceAll('-', '_')}_pub`,
    'publication.autocreate.mode': 'filtered',
    'table.include.list': `public.${table}`,
  }
}

/** A sink of one topic into S3: JSON lines, small objects. */
export function s3Config(lab: Lab, topic: string): Record<string, string> {
  return {
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    'tasks.max': '1',
    topics: topic,
    's3.bucket.name': lab.s3Access.bucket,
    's3.region': lab.s3Access.region,
    'store.url': lab.s3Access.endpoint,
    'aws.access.key.id': lab.s3Access.accessKeyId,
    'aws.secret.access.key': lab.s3Access.secretAccessKey,
    'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'flush.size': '200',
    'rotate.schedule.interval.ms': '1000',
    timezone: 'UTC',
    'behavior.on.null.values': 'ignore',
  }
}
