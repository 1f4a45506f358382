import { setTimeout as wait } from 'node:timers/promises'
import { configDef, ConnectError, NO_HEADERS, schema, validators } from 'naru/api'
import type {
  Logger,
  Props,
  SourceOffset,
  SourcePartition,
  SourceRecord,
  SourceTask,
  SourceTaskContext,
} from 'naru/api'
import { FileInput, StandardInput } from './inputs.ts'
import type { Input } from './inputs.ts'
import { LineSplitter } from './line-splitter.ts'
import type { Line } from './line-splitter.ts'

const definition = configDef({
  file: {
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    documentation: 'Source filename. If not specified, the standard input will be used.',
  },
  topic: {
    type: 'STRING',
    validator: validators.nonEmpty,
    importance: 'HIGH',
    documentation: 'The topic to publish data to.',
  },
  'batch.size': {
    type: 'INT',
    default: 2000,
    importance: 'LOW',
    documentation: 'The maximum number of records the source task can read from the file each time it is polled.',
  },
})

const LINE = schema.string()
/** How often a file that has not grown is looked at again. */
const TAIL_INTERVAL_MS = 100
const MISSING_INTERVAL_MS = 1000

/** Reads the lines of a file, and goes on as it grows; its offset is the byte position after the line. */
export class FileStreamSourceTask implements SourceTask {
  static readonly className = 'org.apache.kafka.connect.file.FileStreamSourceTask'
  #topic = ''
  #batchSize = 2000
  #partition: SourcePartition = {}
  #input: Input | undefined
  #lines = new LineSplitter(0)
  #waiting: Line[] = []
  #logger: Logger | undefined
  #warned = false

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    const config = definition.parse(props)
    this.#topic = config.topic
    this.#batchSize = config['batch.size']
    this.#logger = context.logger
    // The same object in every record: the ack ledger looks it up by identity.
    this.#partition = { filename: config.file }
    const position = config.file === null ? 0 : await this.#storedPosition(context)
    this.#lines = new LineSplitter(position)
    this.#input = config.file === null ? new StandardInput() : new FileInput(config.file, position)
  }

  async #storedPosition(context: SourceTaskContext): Promise<number> {
    const [offset] = await context.offsets.offsets([this.#partition])
    const position: unknown = (offset as SourceOffset | undefined)?.['position'] ?? 0
    if (typeof position !== 'number') throw new ConnectError('Offset position is the incorrect type')
    return position
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    while (!signal.aborted) {
      if (this.#waiting.length > 0) return this.#batch()
      const chunk = await this.#input!.read(signal)
      if (chunk === 'missing') {
        if (!this.#warned)
          this.#logger?.warn(`${String(this.#partition['filename'])} does not exist yet; waiting for it`)
        this.#warned = true
        await pause(MISSING_INTERVAL_MS, signal)
      } else if (chunk.length === 0) await pause(TAIL_INTERVAL_MS, signal)
      else this.#waiting = this.#lines.push(chunk)
    }
    return []
  }

  #batch(): readonly SourceRecord[] {
    const lines = this.#waiting.splice(0, this.#batchSize)
    const timestamp = Date.now()
    return lines.map(({ text, end }) => ({
      topic: this.#topic,
      partition: undefined,
      keySchema: undefined,
      key: null,
      valueSchema: LINE,
      value: text,
      timestamp,
      headers: NO_HEADERS,
      sourcePartition: this.#partition,
      sourceOffset: { position: end },
    }))
  }

  async stop(): Promise<void> {
    await this.#input?.close()
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

export class FileStreamSourceConnector {
  static readonly version = '0.1.0'
  static readonly type = 'source'
  static readonly task = FileStreamSourceTask
  #props: Props = {}

  static configDef(): typeof definition {
    return definition
  }

  async start(props: Props): Promise<void> {
    definition.parse(props)
    this.#props = props
  }

  /** One file is one stream: one task, whatever `maxTasks` is. */
  async taskConfigs(): Promise<readonly Props[]> {
    return [this.#props]
  }

  async stop(): Promise<void> {}
}
