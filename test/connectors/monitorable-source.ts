import { configDef, schema } from 'naru/api'
import type {
  CommittedOffset,
  ConfigDef,
  ConnectorContext,
  Props,
  SourceOffsetChange,
  SourcePartition,
  SourceRecord,
  SourceTaskContext,
  Support,
} from 'naru/api'
import { Line } from './tell.ts'
import { forever, Throttle } from './throttle.ts'

const STRING = schema.string()
const LONG = schema.int64()

const text = (documentation: string, value: string | null = null) =>
  ({ type: 'STRING', default: value, importance: 'MEDIUM', documentation }) as const
const number = (documentation: string, value: number) =>
  ({ type: 'LONG', default: value, importance: 'MEDIUM', documentation }) as const

const definition = configDef({
  topic: text('Where records go.', 'sequential-topic'),
  'messages.per.poll': number('Records of one poll.', 1),
  throughput: number('Records per second and task; -1: as fast as it can.', -1),
  'max.messages': number('The last sequence number; -1: no end.', -1),
  'num.tasks': text('Tasks to make; default tasks.max.'),
  'connector.start.inject.error': text('true: fails to start.'),
  'connector.stop.inject.error': text('true: fails to stop.'),
  'custom.exactly.once.support': text('supported, unsupported, null or fail.'),
  'custom.transaction.boundaries': text('supported, unsupported, null or fail.'),
  'alter.offsets.result': text('true: says that it altered the offsets itself.'),
})

/**
 * Kafka Connect's integration-test source: numbers from the stored offset on, as `key-<task id>-<n>` / `value-<task id>-<n>` with one header
 * `header-<n>`; partition `{"task.id"}`, offset `{"saved": n}`; the first n is 1.
 */
export class MonitorableSourceTask {
  static readonly className = 'org.apache.kafka.connect.integration.MonitorableSourceConnector$MonitorableSourceTask'
  /** Each record has an offset of its own. */
  readonly keepsUnitsWhole = true
  #config = definition.parse({})
  #id = ''
  #partition: SourcePartition = {}
  #line = new Line({ connector: '' })
  #throttle = new Throttle(-1)
  #context: SourceTaskContext | undefined
  #first = 0
  #last = 0
  #committed = 0
  readonly #boundaries = { prior: 0, next: 1 }

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#config = definition.parse(props)
    this.#context = context
    this.#id = props['task.id'] ?? `${context.connector}-${context.task}`
    this.#partition = { 'task.id': this.#id }
    this.#line = new Line({ connector: context.connector, task: context.task })
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#first = this.#last = this.#committed = Number(offset?.['saved'] ?? 0)
    this.#throttle = new Throttle(this.#config.throughput)
    this.#line.tell({ type: 'start' })
    if (props[`task-${this.#id}.start.inject.error`] === 'true') throw new Error('Injecting errors during task start')
    this.#passBoundaries()
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { 'messages.per.poll': perPoll, 'max.messages': max } = this.#config
    const count = max < 0 ? perPoll : Math.min(perPoll, max - this.#last)
    if (count <= 0) await forever(signal)
    else await this.#throttle.turn(this.#last - this.#first + count, signal)
    if (signal.aborted) return []
    const records = Array.from({ length: count }, () => this.#next())
    this.#line.count('records', count)
    return records
  }

  #next(): SourceRecord {
    const n = ++this.#last
    const record: SourceRecord = {
      topic: this.#config.topic ?? '',
      partition: undefined,
      keySchema: STRING,
      key: `key-${this.#id}-${n}`,
      valueSchema: STRING,
      value: `value-${this.#id}-${n}`,
      timestamp: Date.now(),
      headers: [{ key: `header-${n}`, schema: LONG, value: BigInt(n) }],
      sourcePartition: this.#partition,
      sourceOffset: { saved: n },
    }
    this.#defineTransaction(record)
    return record
  }

  /** Transactions end at Fibonacci numbers; those that end at an even one are aborted. */
  #defineTransaction(record: SourceRecord): void {
    const transactions = this.#context?.transactionContext
    if (transactions === undefined || this.#last !== this.#boundaries.next) return
    this.#passBoundaries()
    if (this.#last % 2 === 0) transactions.abortTransaction(record)
    else transactions.commitTransaction(record)
  }

  #passBoundaries(): void {
    const bounds = this.#boundaries
    while (bounds.next <= this.#last) {
      bounds.next += bounds.prior
      bounds.prior = bounds.next - bounds.prior
    }
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const saved = Math.max(this.#committed, ...offsets.map(({ offset }) => Number(offset['saved'])))
    this.#line.count('commits', saved - this.#committed)
    this.#committed = saved
  }

  async stop(): Promise<void> {
    this.#line.tell({ type: 'stop' })
  }
}

export class MonitorableSourceConnector {
  static readonly version = 'unknown'
  static readonly type = 'source' as const
  static readonly task = MonitorableSourceTask
  #props: Props = {}
  #line = new Line({ connector: '' })

  static configDef(): ConfigDef {
    return definition
  }

  async start(props: Props, context: ConnectorContext): Promise<void> {
    this.#props = props
    this.#line = new Line({ connector: context.connector })
    this.#line.tell({ type: 'start' })
    if (props['connector.start.inject.error'] === 'true') throw new Error('Injecting errors during connector start')
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    const connector = this.#props['name'] ?? ''
    const length = Number(this.#props['num.tasks'] ?? maxTasks)
    return Array.from({ length }, (_, task) => ({
      ...this.#props,
      'connector.name': connector,
      'task.id': `${connector}-${task}`,
    }))
  }

  async stop(): Promise<void> {
    this.#line.tell({ type: 'stop' })
    if (this.#props['connector.stop.inject.error'] === 'true') throw new Error('Injecting errors during connector stop')
  }

  async alterOffsets(props: Props, _offsets: readonly SourceOffsetChange[]): Promise<boolean> {
    return props['alter.offsets.result'] === 'true'
  }

  exactlyOnceSupport(props: Props): Support | null {
    return answer(props['custom.exactly.once.support'] ?? 'null')
  }

  canDefineTransactionBoundaries(props: Props): Support | null {
    return answer(props['custom.transaction.boundaries'] ?? 'unsupported')
  }
}

function answer(config: string): Support | null {
  const support = config.toUpperCase()
  if (support === 'FAIL') throw new Error('oops!')
  return support === 'SUPPORTED' || support === 'UNSUPPORTED' ? support : null
}
