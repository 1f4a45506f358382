import { configDef, ConnectError, NO_HEADERS, plain, schema } from 'naru/api'
import type { CommittedOffset, ConfigDef, Props, SinkRecord, SourcePartition, SourceRecord } from 'naru/api'
import type { SinkTaskContext, SourceTaskContext } from 'naru/api'
import { integer } from './integer.ts'
import { Throttle } from './throttle.ts'

const INT = schema.int32()
const LONG = schema.int64()
const STRING = schema.string()
/** `complete.record.data=true`: what is printed is also the record. */
const COMPLETE = schema.struct({ name: STRING, task: INT, topic: STRING, time_ms: LONG, seqno: LONG })

/** One line of JSON on standard output, as the system tests read it. */
function print(fields: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(fields)}\n`)
}

/** Numbers from 0 on, with the task's number as key; each is printed when it is made and when it is committed. */
export class VerifiableSourceTask {
  static readonly className = 'org.apache.kafka.connect.tools.VerifiableSourceTask'
  #about = { name: '', task: 0, topic: '' }
  #partition: SourcePartition = {}
  #throttle = new Throttle(-1)
  #isComplete = false
  #first = 0
  #next = 0
  #committed = 0

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    const { id, throughput } = numbers(props, 'throughput')
    this.#about = { name: props['name'] ?? context.connector, task: id, topic: props['topic'] ?? '' }
    this.#partition = { id: this.#about.task }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#first = this.#next = this.#committed = offset === undefined ? 0 : Number(offset['seqno']) + 1
    this.#throttle = new Throttle(throughput)
    this.#isComplete = props['complete.record.data']?.toLowerCase() === 'true'
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    await this.#throttle.turn(this.#next - this.#first + 1, signal)
    if (signal.aborted) return []
    const seqno = this.#next++
    const time_ms = Date.now()
    print({ ...this.#about, time_ms, seqno })
    return [
      {
        topic: this.#about.topic,
        partition: undefined,
        keySchema: INT,
        key: this.#about.task,
        valueSchema: this.#isComplete ? COMPLETE : LONG,
        value: this.#isComplete ? { ...this.#about, time_ms: BigInt(time_ms), seqno: BigInt(seqno) } : BigInt(seqno),
        timestamp: undefined,
        headers: NO_HEADERS,
        sourcePartition: this.#partition,
        sourceOffset: { seqno },
      },
    ]
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    for (const { offset } of offsets) {
      const last = Number(offset['seqno'])
      for (; this.#committed <= last; this.#committed++)
        print({ ...this.#about, time_ms: Date.now(), seqno: this.#committed, committed: true })
    }
  }

  async stop(): Promise<void> {}
}

/** Prints what it is given, and again when it is flushed. */
export class VerifiableSinkTask {
  static readonly className = 'org.apache.kafka.connect.tools.VerifiableSinkTask'
  #about = { name: '', task: 0 }
  #unflushed: { readonly sinkTask: number; readonly seqno: unknown; readonly offset: number }[] = []

  async start(props: Props, context: SinkTaskContext): Promise<void> {
    this.#about = { name: props['name'] ?? context.connector, task: numbers(props).id }
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    for (const { topic, key, value, offset } of records) {
      const fields = {
        sinkTask: this.#about.task,
        topic,
        seqno: Number(plain(value)),
        task: Number(plain(key)),
        offset,
      }
      print({ name: this.#about.name, time_ms: Date.now(), flushed: false, ...fields })
      this.#unflushed.push(fields)
    }
  }

  async preCommit<O>(delivered: O): Promise<O> {
    for (const fields of this.#unflushed.splice(0))
      print({ name: this.#about.name, time_ms: Date.now(), flushed: true, ...fields })
    return delivered
  }

  async stop(): Promise<void> {}
}

/** The sink, too, says that it is the source. */
function numbers<K extends string = never>(props: Props, ...keys: readonly K[]): Readonly<Record<K | 'id', number>> {
  try {
    const found = ['id', ...keys].map((key) => [key, integer(props, key)])
    return Object.fromEntries(found) as Record<K | 'id', number>
  } catch (cause) {
    throw new ConnectError('Invalid VerifiableSourceTask configuration', { cause })
  }
}

/** As many tasks as allowed, each with its number as `id`. */
class Numbered {
  static readonly version = '1.0.0'
  #props: Props = {}

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, (_, id) => ({ ...this.#props, id: String(id) }))
  }

  async stop(): Promise<void> {}

  static configDef(): ConfigDef {
    return configDef({})
  }
}

export class VerifiableSourceConnector extends Numbered {
  static readonly type = 'source' as const
  static readonly task = VerifiableSourceTask
}

export class VerifiableSinkConnector extends Numbered {
  static readonly type = 'sink' as const
  static readonly task = VerifiableSinkTask
}
