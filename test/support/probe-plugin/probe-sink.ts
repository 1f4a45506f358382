import { configDef, plain, RetriableError } from 'naru/api'
import type { ConfigDef, Props, SinkRecord, SinkTaskContext, TopicPartition } from 'naru/api'
import { existsSync } from 'node:fs'
import { misbehave } from './misdeed.ts'
import { ProbeTeller } from './probe-channel.ts'

/**
 * Tells what put() is given. `probe.retriable`: the first so many puts with records ask to be called again; `probe.slow.ms`: put
 * takes that long; `probe.hangs.without`: put never answers while that file is missing; `probe.bad`: records with this value are reported as errant; `probe.misdeed` (misdeed.ts) at the first record.
 */
export class ProbeSinkTask {
  static readonly className = 'probe.ProbeSinkTask'
  #props: Props = {}
  #context: SinkTaskContext | undefined
  #teller = new ProbeTeller(undefined)
  #retriable = 0

  async start(props: Props, context: SinkTaskContext): Promise<void> {
    this.#props = props
    this.#context = context
    this.#teller = new ProbeTeller(props['probe.channel'])
    this.#retriable = Number(props['probe.retriable'] ?? 0)
    this.#teller.tell({ type: 'task-start' })
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    this.#teller.tell({ type: 'open', partitions: names(partitions) })
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return
    const { 'probe.misdeed': misdeed, 'probe.slow.ms': slow, 'probe.bad': bad } = this.#props
    if (misdeed !== undefined) await misbehave(misdeed)
    const { 'probe.hangs.without': file } = this.#props
    if (file !== undefined && !existsSync(file)) await new Promise(() => undefined)
    if (this.#retriable > 0) {
      this.#retriable--
      this.#context?.timeout(20)
      throw new RetriableError('the probe wants to see this batch again')
    }
    if (slow !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(slow)))
    const good: SinkRecord[] = []
    for (const record of records) {
      if (bad !== undefined && plain(record.value) === bad)
        await this.#context?.errantRecords?.report(record, new RangeError('a bad value'))
      else good.push(record)
    }
    if (this.#props['probe.silent'] !== undefined) return
    this.#teller.tell({
      type: 'put',
      values: good.map(({ value }) => plain(value)),
      offsets: good.map(({ offset }) => offset),
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    this.#teller.tell({ type: 'close', partitions: names(partitions) })
  }

  async stop(): Promise<void> {
    this.#teller.tell({ type: 'task-stop' })
    this.#teller.close()
  }
}

export class ProbeSinkConnector {
  static readonly version = '1.0.0'
  static readonly type = 'sink' as const
  static readonly task = ProbeSinkTask
  static configDef(): ConfigDef {
    return configDef({})
  }
  #props: Props = {}

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {
    this.#props = {}
  }
}

function names(partitions: readonly TopicPartition[]): readonly string[] {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`)
}
