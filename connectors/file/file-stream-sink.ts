import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { ConnectError, javaText, plain } from 'naru/api'
import type { Offsets, Props, SinkRecord, SinkTask } from 'naru/api'
import { FileStreamConnector, fileOf, sinkConfig } from './file-stream-config.ts'

/** Appends the text of each value as a line. */
export class FileStreamSinkTask implements SinkTask {
  static readonly className = 'org.apache.kafka.connect.file.FileStreamSinkTask'
  #file: FileHandle | undefined

  async start(props: Props): Promise<void> {
    const file = fileOf(sinkConfig.parse(props))
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

export class FileStreamSinkConnector extends FileStreamConnector {
  static readonly type = 'sink'
  static readonly task = FileStreamSinkTask

  static configDef(): typeof sinkConfig {
    return sinkConfig
  }

  async start(props: Props): Promise<void> {
    sinkConfig.parse(props)
    this.props = props
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => this.props)
  }

  /** Nothing is kept outside of the consumer group. */
  async alterOffsets(): Promise<boolean> {
    return true
  }
}
