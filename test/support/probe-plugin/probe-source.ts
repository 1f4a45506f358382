import { configDef, ENCODED, NO_HEADERS, schema } from 'naru/api'
import type {
  ByteWriter,
  CommittedOffset,
  ConfigDef,
  ConnectorContext,
  EncodedValue,
  Props,
  SourceRecord,
  SourceTaskContext,
} from 'naru/api'
import { existsSync } from 'node:fs'
import { setImmediate as immediate } from 'node:timers/promises'
import { misbehave } from './misdeed.ts'
import { ProbeTeller } from './probe-channel.ts'

const STRING = schema.string()
const TEXT = Buffer.from(JSON.stringify({ id: 12345678, text: 'x'.repeat(220 - 29) }))

/** A value of 220 bytes of JSON that nobody needs to build. */
class EncodedText implements EncodedValue {
  readonly [ENCODED] = true as const
  readonly schema = undefined
  decode(): unknown {
    return JSON.parse(TEXT.toString())
  }
  writeJson(out: ByteWriter): void {
    out.slice(TEXT, 0, TEXT.length)
  }
}

/**
 * Emits `probe.records` records to `probe.topic`, `probe.batch` per poll, with the values `value-0`, `value-1`, …; then waits.
 * `probe.pause.ms`: the time before each batch. `probe.needs.file`: start() fails as a refused connection does while that file is missing; `probe.connector.needs.file`: so does the connector's.
 * `probe.thread.mark`: the name of a global variable that start() sets in its thread.
 * `probe.misdeed` (misdeed.ts) happens before record `probe.misdeed.at`; `probe.connector.misdeed` when the connector starts.
 */
export class ProbeSourceTask {
  static readonly className = 'probe.ProbeSourceTask'
  #props: Props = {}
  #teller = new ProbeTeller(undefined)
  #next = 0
  #partition = { probe: '' }

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#props = props
    this.#teller = new ProbeTeller(props['probe.channel'])
    this.#partition = { probe: context.connector }
    const [offset] = await context.offsets.offsets([this.#partition])
    this.#next = offset === undefined ? 0 : Number(offset['next'])
    const { 'probe.needs.file': file, 'probe.thread.mark': mark } = props
    if (mark !== undefined) (globalThis as Record<string, unknown>)[mark] = true
    this.#teller.tell({ type: 'task-start' })
    if (file !== undefined && !existsSync(file))
      throw Object.assign(new Error(`connect ECONNREFUSED ${file}`), { code: 'ECONNREFUSED' })
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { 'probe.topic': topic = 'probe', 'probe.misdeed': misdeed, 'probe.encoded': encoded } = this.#props
    const total = Number(this.#props['probe.records'] ?? 0)
    const batch = Math.min(Number(this.#props['probe.batch'] ?? 100), total - this.#next)
    this.#teller.tell({ type: 'polled', from: this.#next })
    if (misdeed !== undefined && this.#next >= Number(this.#props['probe.misdeed.at'] ?? 0)) await misbehave(misdeed)
    if (batch <= 0) {
      await untilAborted(signal)
      return []
    }
    const { 'probe.pause.ms': pause } = this.#props
    if (pause !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(pause)))
    if (encoded === undefined) await immediate()
    const records: SourceRecord[] = []
    for (let i = 0; i < batch; i++) {
      const n = this.#next++
      records.push({
        topic,
        partition: undefined,
        keySchema: STRING,
        key: `key-${n % 10}`,
        valueSchema: encoded === undefined ? STRING : undefined,
        value: encoded === undefined ? `value-${n}` : new EncodedText(),
        timestamp: undefined,
        headers: NO_HEADERS,
        sourcePartition: this.#partition,
        sourceOffset: { next: n + 1 },
      })
    }
    return records
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    this.#teller.tell({ type: 'commit', offsets: offsets.map(({ offset }) => offset) })
  }

  async stop(): Promise<void> {
    this.#teller.tell({ type: 'task-stop' })
    this.#teller.close()
  }
}

export class ProbeSourceConnector {
  static readonly version = '1.0.0'
  static readonly type = 'source' as const
  static readonly task = ProbeSourceTask
  static configDef(): ConfigDef {
    return configDef({
      'probe.topic': { type: 'STRING', importance: 'HIGH', documentation: 'Where records go.', default: 'probe' },
    })
  }
  #props: Props = {}
  #teller = new ProbeTeller(undefined)

  async start(props: Props, _context: ConnectorContext): Promise<void> {
    this.#props = props
    this.#teller = new ProbeTeller(props['probe.channel'])
    const { 'probe.connector.needs.file': file, 'probe.connector.misdeed': misdeed } = props
    if (file !== undefined && !existsSync(file))
      throw Object.assign(new Error(`connect ECONNREFUSED ${file}`), { code: 'ECONNREFUSED' })
    if (misdeed !== undefined) await misbehave(misdeed)
    this.#teller.tell({ type: 'connector-start' })
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {
    this.#teller.tell({ type: 'connector-stop' })
    this.#teller.close()
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
