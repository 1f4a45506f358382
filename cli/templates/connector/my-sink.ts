import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { ByteWriter, ConnectError, configDef, isEncoded, javaText } from 'naru/api'
import type { Offsets, Props, SinkRecord, SinkTask } from 'naru/api'

const definition = configDef({
  file: { type: 'STRING', importance: 'HIGH', documentation: 'The file that lines are appended to.' },
})

/** Writes each value as a line. Replace what `put` does by writing to your system. */
export class MySinkTask implements SinkTask {
  static readonly className = 'example.MySinkTask'
  #file: FileHandle | undefined

  async start(props: Props): Promise<void> {
    const { file } = definition.parse(props)
    try {
      this.#file = await open(file, 'a')
    } catch (error) {
      throw new ConnectError(`cannot open ${file}: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Takes a batch. A RetriableError makes the worker hand the same batch over again; any other error fails the task. */
  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length > 0) await this.#file?.appendFile(records.map((record) => `${textOf(record)}\n`).join(''))
  }

  /** What is answered here is committed: only what is safe in your system. */
  async preCommit(delivered: Offsets): Promise<Offsets> {
    await this.#file?.datasync()
    return delivered
  }

  async stop(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}

/** A value may still be in its wire form; nobody needs to build it to write it as JSON. */
function textOf({ valueSchema, value }: SinkRecord): string {
  if (!isEncoded(value)) return javaText(valueSchema, value)
  const out = new ByteWriter(256)
  value.writeJson(out)
  return out.view().toString('utf8')
}

export class MySinkConnector {
  static readonly version = '0.1.0'
  static readonly type = 'sink'
  static readonly task = MySinkTask
  #props: Props = {}

  static configDef(): typeof definition {
    return definition
  }

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {}
}
