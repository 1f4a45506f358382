import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { configDef, ConnectError, javaText, plain } from 'naru/api'
import type { Offsets, Props, SinkRecord, SinkTask } from 'naru/api'

const definition = configDef({
  file: {
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    documentation: 'Destination filename. If not specified, the standard output will be used.',
  },
})

/** Appends the text of each value as a line. */
export class FileStreamSinkTask implements SinkTask {
  static readonly className = 'org.apache.kafka.connect.file.FileStreamSinkTask'
  #file: FileHandle | undefined

  async start(props: Props): Promise<void> {
    const { file } = definition.parse(props)
    if (file === null) return
    try {
      this.#file = await open(file, 'a')
    } catch (error) {
      throw new ConnectError(
        `Couldn't find or create file '${file}' for FileStreamSinkTask: ${(error as Error).message}`,
        {
          cause: error,
        },
      )
    }
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return
    const lines = records.map(({ valueSchema, value }) => `${javaText(valueSchema, plain(value))}\n`).join('')
    if (this.#file === undefined) process.stdout.write(lines)
    else await this.#file.appendFile(lines)
  }

  /** What is committed is on the disk. */
  async preCommit(delivered: Offsets): Promise<Offsets> {
    await this.#file?.datasync()
    return delivered
  }

  async stop(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}

export class FileStreamSinkConnector {
  static readonly version = '0.1.0'
  static readonly type = 'sink'
  static readonly task = FileStreamSinkTask
  #props: Props = {}

  static configDef(): typeof definition {
    return definition
  }

  async start(props: Props): Promise<void> {
    definition.parse(props)
    this.#props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {}
}
