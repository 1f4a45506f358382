import { configDef, NO_HEADERS, schema } from 'naru/api'
import type { ConfigDef, Props, SourcePartition, SourceRecord, SourceTaskContext } from 'naru/api'
import { forever, Throttle } from './throttle.ts'

const KEY = schema.int32()
const FIELDS = {
  boolean: schema.boolean(),
  int: schema.int32(),
  long: schema.int64(),
  float: schema.float32(),
  double: schema.float64(),
  partitioning: schema.int32(),
  id: schema.int32(),
  seqno: schema.int64(),
}
const FIRST = schema.struct(FIELDS, { name: 'record', version: 1 })
const SECOND = schema.struct({ ...FIELDS, string: schema.string() }, { name: 'record', version: 2 })

/** Structs with a field of every primitive type, of one schema version or of two in turn. */
export class SchemaSourceTask {
  static readonly className = 'org.apache.kafka.connect.tools.SchemaSourceTask'
  #props: Props = {}
  #id = 0
  #partition: SourcePartition = {}
  #throttle = new Throttle(-1)
  #first = 0
  #next = 0

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#props = props
    this.#id = Number(props['id'])
    this.#partition = { id: this.#id }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#first = this.#next = offset === undefined ? 0 : Number(offset['seqno']) + 1
    this.#throttle = new Throttle(Number(props['throughput'] ?? -1))
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    if (this.#next >= Number(this.#props['num.messages'] ?? 1000)) await forever(signal)
    else await this.#throttle.turn(this.#next - this.#first + 1, signal)
    return signal.aborted ? [] : [this.#record(this.#next++)]
  }

  #record(n: number): SourceRecord {
    const partition = n % Number(this.#props['partition.count'] ?? 1)
    const two = this.#props['multiple.schema'] === 'true' && n % 2 === 1
    const value = {
      boolean: true,
      int: 12,
      long: 12n,
      float: 12.2,
      double: 12.2,
      partitioning: partition,
      id: this.#id,
      seqno: BigInt(n),
    }
    return {
      topic: this.#props['topic'] ?? '',
      partition,
      keySchema: KEY,
      key: this.#id,
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
