import { setTimeout as wait } from 'node:timers/promises'
import { ConnectError, NO_HEADERS, schema } from 'naru/api'
import type {
  Logger,
  Props,
  SourceOffset,
  SourceOffsetChange,
  SourcePartition,
  SourceRecord,
  SourceTask,
  SourceTaskContext,
  Support,
} from 'naru/api'
import { FileStreamConnector, fileOf, sourceConfig } from './file-stream-config.ts'
import { FileInput, StandardInput } from './inputs.ts'
import type { Input } from './inputs.ts'
import { LineSplitter } from './line-splitter.ts'
import type { Line } from './line-splitter.ts'

const LINE = schema.string()
/** How often a file that has not grown is looked at again. */
const TAIL_INTERVAL_MS = 100
const MISSING_INTERVAL_MS = 1000

/** Reads the lines of a file, and goes on as it grows; its offset is the byte position after the line. */
export class FileStreamSourceTask implements SourceTask {
  static readonly className = 'org.apache.kafka.connect.file.FileStreamSourceTask'
  /** Each line has an offset of its own. */
  readonly keepsUnitsWhole = true
  #topic = ''
  #batchSize = 2000
  #partition: SourcePartition = {}
  #input: Input | undefined
  #lines = new LineSplitter(0)
  #waiting: Line[] = []
  #logger: Logger | undefined
  #warned = false

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    const config = sourceConfig.parse(props)
    this.#topic = config.topic
    this.#batchSize = config['batch.size']
    this.#logger = context.logger
    // The same object in every record: the ack ledger looks it up by identity.
    const file = fileOf(config)
    this.#partition = { filename: file }
    const position = file === null ? 0 : await this.#storedPosition(context)
    this.#lines = new LineSplitter(position)
    this.#input = file === null ? new StandardInput() : new FileInput(file, position)
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

export class FileStreamSourceConnector extends FileStreamConnector {
  static readonly type = 'source'
  static readonly task = FileStreamSourceTask

  static configDef(): typeof sourceConfig {
    return sourceConfig
  }

  async start(props: Props): Promise<void> {
    sourceConfig.parse(props)
    this.props = props
  }

  /** One file is one stream: one task, whatever `maxTasks` is. */
  async taskConfigs(): Promise<readonly Props[]> {
    return [this.props]
  }

  /** Standard input cannot be read again. */
  exactlyOnceSupport(props: Props): Support {
    return fileOf(sourceConfig.parse(props)) === null ? 'UNSUPPORTED' : 'SUPPORTED'
  }

  canDefineTransactionBoundaries(): Support {
    return 'UNSUPPORTED'
  }

  /** The rules and messages of Kafka Connect's. What the position points to is seen when the task starts. */
  async alterOffsets(props: Props, offsets: readonly SourceOffsetChange[]): Promise<boolean> {
    if (fileOf(sourceConfig.parse(props)) === null)
      throw new ConnectError(
        "Offsets cannot be modified if the 'file' configuration is unspecified. " +
          'This is because stdin is used for input and offsets are not tracked.',
      )
    for (const { partition, offset } of offsets) {
      // Whatever is there may be removed.
      if (offset !== null) checkChange(partition, offset)
    }
    return true
  }
}

function checkChange(partition: SourcePartition | null, offset: SourceOffset): void {
  if (!('position' in offset))
    throw new ConnectError("Offset objects should either be null or contain the key 'position'")
  const { position } = offset
  if (typeof position !== 'bigint' && !Number.isSafeInteger(position))
    throw new ConnectError("The value for the 'position' key in the offset is expected to be a Long value")
  if ((position as number | bigint) < 0)
    throw new ConnectError("The value for the 'position' key in the offset should be a non-negative value")
  if (partition === null) throw new ConnectError('Partition objects cannot be null')
  if (!('filename' in partition)) throw new ConnectError("Partition objects should contain the key 'filename'")
}
