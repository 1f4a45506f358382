import { configDef, ConnectError, NO_HEADERS, schema } from 'naru/api'
import type { ConfigDef, Props, SourcePartition, SourceRecord, SourceTaskContext } from 'naru/api'
import { integer } from './integer.ts'
import { forever, Throttle } from './throttle.ts'

const KEY = schema.string()
const BEFORE = {
  boolean: schema.boolean(),
  int: schema.int32(),
  long: schema.int64(),
  float: schema.float32(),
  double: schema.float64(),
  partitioning: schema.int32(),
}
const AFTER = { id: schema.int32(), seqno: schema.int64() }
const FIRST = schema.struct({ ...BEFORE, ...AFTER }, { name: 'record', version: 1 })
const SECOND = schema.struct(
  { ...BEFORE, string: schema.string({ default: 'abc' }), ...AFTER },
  { name: 'record', version: 2 },
)

interface Settings {
  readonly id: number
  readonly topic: string
  /** Since the start of the task, not of the connector. */
  readonly messages: number
  readonly throughput: number
  readonly partitions: number
  readonly hasTwoSchemas: boolean
}

/** Structs with a field of every primitive type, of one schema version or of two in turn. */
export class SchemaSourceTask {
  static readonly className = 'org.apache.kafka.connect.tools.SchemaSourceTask'
  #settings!: Settings
  #partition: SourcePartition = {}
  #throttle = new Throttle(-1)
  #first = 0
  #next = 0

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#settings = settings(props)
    this.#partition = { id: this.#settings.id }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#first = this.#next = offset === undefined ? 0 : Number(offset['seqno']) + 1
    this.#throttle = new Throttle(this.#settings.throughput)
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    if (this.#next - this.#first >= this.#settings.messages) await forever(signal)
    else await this.#throttle.turn(this.#next - this.#first + 1, signal)
    if (signal.aborted) return []
    process.stdout.write(`{"task": ${this.#settings.id}, "seqno": ${this.#next}}\n`)
    return [this.#record(this.#next++)]
  }

  #record(n: number): SourceRecord {
    const { id, topic, partitions, hasTwoSchemas } = this.#settings
    const partition = n % partitions
    const two = hasTwoSchemas && (n - this.#first) % 2 === 1
    const value = {
      boolean: true,
      int: 12,
      long: 12n,
      float: 12.2,
      double: 12.2,
      partitioning: partition,
      id,
      seqno: BigInt(n),
    }
    return {
      topic,
      partition,
      keySchema: KEY,
      key: 'key',
      valueSchema: two ? SECOND : FIRST,
      value: two ? { ...value, string: 'def' } : value,
      timestamp: undefined,
      headers: NO_HEADERS,
      sourcePartition: this.#partition,
      sourceOffset: { seqno: n },
    }
  }

  async stop(): Promise<void> {}
}

function settings(props: Props): Settings {
  try {
    return {
      id: integer(props, 'id'),
      topic: props['topic'] ?? '',
      messages: integer(props, 'num.messages'),
      throughput: integer(props, 'throughput'),
      partitions: integer(props, 'partition.count', 1),
      hasTwoSchemas: props['multiple.schema']?.toLowerCase() === 'true',
    }
  } catch (cause) {
    throw new ConnectError('Invalid SchemaSourceTask configuration', { cause })
  }
}

export class SchemaSourceConnector {
  static readonly version = '1.0.0'
  static readonly type = 'source' as const
  static readonly task = SchemaSourceTask
  #props: Props = {}

  static configDef(): ConfigDef {
    return configDef({})
  }

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, (_, id) => ({ ...this.#props, id: String(id) }))
  }

  async stop(): Promise<void> {}
}
