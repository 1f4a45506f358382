import { configDef, javaText, plain } from 'naru/api'
import type {
  ConfigDef,
  ConnectorContext,
  Offsets,
  Props,
  SinkOffsetChange,
  SinkRecord,
  SinkTaskContext,
  TopicPartition,
} from 'naru/api'
import { Line } from './tell.ts'
import type { SeenRecord } from './tell.ts'

/** Kafka Connect's integration-test sink: tells what it is given, opened, closed and asked to commit. */
export class MonitorableSinkTask {
  static readonly className: string =
    'org.apache.kafka.connect.integration.MonitorableSinkConnector$MonitorableSinkTask'
  #line = new Line({ connector: '' })
  readonly #sinceCommit = new Map<string, number>()

  async start(props: Props, context: SinkTaskContext): Promise<void> {
    this.#line = new Line({ connector: context.connector, task: context.task })
    this.#line.tell({ type: 'start' })
    if (props[`task-${context.connector}-${context.task}.start.inject.error`] === 'true')
      throw new Error('Injecting errors during task start')
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    this.#line.tell({ type: 'open', partitions: partitions.map(nameOf) })
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return
    for (const record of records)
      this.#sinceCommit.set(nameOf(record), (this.#sinceCommit.get(nameOf(record)) ?? 0) + 1)
    this.#line.tell({ type: 'put', records: records.map(seen) })
  }

  async preCommit(delivered: Offsets): Promise<Offsets> {
    this.#line.tell({ type: 'pre-commit', partitions: delivered.map(nameOf) })
    for (const partition of delivered) {
      this.#line.count('commits', this.#sinceCommit.get(nameOf(partition)) ?? 0)
      this.#sinceCommit.delete(nameOf(partition))
    }
    return delivered
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    this.#line.tell({ type: 'close', partitions: partitions.map(nameOf) })
  }

  async stop(): Promise<void> {
    this.#line.tell({ type: 'stop' })
  }
}

export class MonitorableSinkConnector {
  static readonly version: string = 'unknown'
  static readonly type = 'sink' as const
  static readonly task: { new (): MonitorableSinkTask; readonly className: string } = MonitorableSinkTask
  #props: Props = {}
  #line = new Line({ connector: '' })

  static configDef(): ConfigDef {
    return configDef({})
  }

  async start(props: Props, context: ConnectorContext): Promise<void> {
    this.#props = props
    this.#line = new Line({ connector: context.connector })
    this.#line.tell({ type: 'start' })
    if (props['connector.start.inject.error'] === 'true') throw new Error('Injecting errors during connector start')
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    const connector = this.#props['name'] ?? ''
    return Array.from({ length: maxTasks }, (_, task) => ({
      ...this.#props,
      'connector.name': connector,
      'task.id': `${connector}-${task}`,
    }))
  }

  async stop(): Promise<void> {
    this.#line.tell({ type: 'stop' })
    if (this.#props['connector.stop.inject.error'] === 'true') throw new Error('Injecting errors during connector stop')
  }

  async alterOffsets(props: Props, _offsets: readonly SinkOffsetChange[]): Promise<boolean> {
    return props['alter.offsets.result'] === 'true'
  }
}

/** A sink whose task configs are empty maps: nothing of the connector's own config reaches its tasks. */
export class EmptyTaskConfigsSinkConnector extends MonitorableSinkConnector {
  override async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => ({}))
  }
}

/** Reports every record it gets as errant, and waits until the reports are durable. */
class ErrantRecordSinkTask extends MonitorableSinkTask {
  static override readonly className =
    'org.apache.kafka.connect.integration.ErrantRecordSinkConnector$ErrantRecordSinkTask'
  #context: SinkTaskContext | undefined

  override async start(props: Props, context: SinkTaskContext): Promise<void> {
    this.#context = context
    await super.start(props, context)
  }

  override async put(records: readonly SinkRecord[]): Promise<void> {
    await super.put(records)
    for (const record of records) void this.#context?.errantRecords?.report(record, new Error('unsupported record'))
  }
}

export class ErrantRecordSinkConnector extends MonitorableSinkConnector {
  static override readonly task = ErrantRecordSinkTask
}

function seen({ topic, partition, offset, keySchema, key, valueSchema, value }: SinkRecord): SeenRecord {
  const text = (schema: typeof keySchema, of: unknown): string | null => {
    const it = plain(of)
    return it === null || it === undefined ? null : javaText(schema, it)
  }
  return { topic, partition, offset, key: text(keySchema, key), value: text(valueSchema, value) }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
