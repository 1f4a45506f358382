import { configDef, NO_HEADERS, schema } from 'naru/api'
import type { ConfigDef, Props, SourcePartition, SourceRecord, SourceTaskContext, Support } from 'naru/api'
import { setTimeout as delay } from 'node:timers/promises'
import { unitSize } from './units.ts'

const STRING = schema.string()
const MAX_BATCH = 12

/**
 * Endless units 1, 2, 3, … of a few records that share the offset of their unit, spread over the partitions of one topic: `task/unit/index`. Batches end
 * anywhere, also within a unit; the rest then comes with the next poll.
 */
export class SequenceSourceTask {
  static readonly className = 'sequence.SequenceSourceTask'
  #topic = ''
  #name = ''
  #partition: SourcePartition = {}
  #partitions = 1
  #pauseMs = 0
  #unit = 1
  #index = 0

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#topic = props['topic'] ?? 'sequence'
    this.#partitions = Number(props['partitions'] ?? 1)
    this.#pauseMs = Number(props['pause.ms'] ?? 20)
    this.#name = `${context.connector}-${context.task}`
    this.#partition = { task: this.#name }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#unit = Number(offset?.['unit'] ?? 0) + 1
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    // In the middle of a unit there is no pause: the rest is there already.
    if (this.#index === 0)
      try {
        await delay(Math.random() * 2 * this.#pauseMs, undefined, { signal })
      } catch {
        return []
      }
    return Array.from({ length: 1 + Math.floor(Math.random() * MAX_BATCH) }, () => this.#next())
  }

  #next(): SourceRecord {
    const unit = this.#unit
    const index = this.#index
    if (++this.#index === unitSize(this.#name, unit)) {
      this.#unit++
      this.#index = 0
    }
    return {
      topic: this.#topic,
      partition: (unit + index) % this.#partitions,
      keySchema: STRING,
      key: this.#name,
      valueSchema: STRING,
      value: `${this.#name}/${unit}/${index}`,
      timestamp: undefined,
      headers: NO_HEADERS,
      sourcePartition: this.#partition,
      sourceOffset: { unit },
    }
  }

  async stop(): Promise<void> {
    this.#index = 0
  }
}

export class SequenceSourceConnector {
  static readonly version = '1.0.0'
  static readonly type = 'source' as const
  static readonly task = SequenceSourceTask
  #props: Props = {}

  static configDef(): ConfigDef {
    return configDef({ topic: { type: 'STRING', importance: 'HIGH', documentation: 'Where records go.' } })
  }

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {
    this.#props = {}
  }

  exactlyOnceSupport(): Support {
    return 'SUPPORTED'
  }
}
