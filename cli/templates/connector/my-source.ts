import { setTimeout as wait } from 'node:timers/promises'
import { configDef, NO_HEADERS, schema, validators } from 'naru/api'
import type { Props, SourcePartition, SourceRecord, SourceTask, SourceTaskContext } from 'naru/api'

/** One definition: validation, documentation, and the type of what `parse` answers. */
const definition = configDef({
  topic: {
    type: 'STRING',
    validator: validators.nonEmpty,
    importance: 'HIGH',
    documentation: 'The topic that records go to.',
  },
  'interval.ms': {
    type: 'INT',
    default: 1000,
    validator: validators.atLeast(1),
    importance: 'MEDIUM',
    documentation: 'Milliseconds from one record to the next.',
  },
})

const VALUE = schema.struct({ number: schema.int64(), text: schema.string() }, { name: 'example.Number' })

/** Counts. Replace what `poll` does by reading your system. */
export class MySourceTask implements SourceTask {
  static readonly className = 'example.MySourceTask'
  #topic = ''
  #intervalMs = 0
  #partition: SourcePartition = {}
  #next = 1

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    const config = definition.parse(props)
    this.#topic = config.topic
    this.#intervalMs = config['interval.ms']
    // Which of your streams this is. The same object in every record.
    this.#partition = { counter: context.connector }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#next = offset === undefined ? 1 : Number(offset['number']) + 1
  }

  /** Waits for data, and stops waiting when the signal aborts. */
  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    try {
      await wait(this.#intervalMs, undefined, { signal })
    } catch {
      return [] // called off: not an error
    }
    return [this.#record(this.#next++)]
  }

  #record(number: number): SourceRecord {
    return {
      topic: this.#topic,
      partition: undefined,
      keySchema: undefined,
      key: null,
      valueSchema: VALUE,
      value: { number: BigInt(number), text: `number ${number}` },
      timestamp: Date.now(),
      headers: NO_HEADERS,
      sourcePartition: this.#partition,
      // Where to read on behind this record.
      sourceOffset: { number },
    }
  }

  async stop(): Promise<void> {}
}

export class MySourceConnector {
  static readonly version = '0.1.0'
  static readonly type = 'source'
  static readonly task = MySourceTask
  #props: Props = {}

  static configDef(): typeof definition {
    return definition
  }

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  /** One map per task, at most `maxTasks`: divide your tables, files or shards here. */
  async taskConfigs(_maxTasks: number): Promise<readonly Props[]> {
    return [this.#props]
  }

  async stop(): Promise<void> {}
}
