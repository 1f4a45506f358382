import { configDef, validators } from 'naru/api'
import type { Props } from 'naru/api'

const file = (documentation: string) => ({ type: 'STRING', default: null, importance: 'HIGH', documentation }) as const

export const sourceConfig = configDef({
  file: file('Source filename. If not specified, the standard input will be used'),
  topic: {
    type: 'STRING',
    validator: validators.nonEmpty,
    importance: 'HIGH',
    documentation: 'The topic to publish data to',
  },
  'batch.size': {
    type: 'INT',
    default: 2000,
    importance: 'LOW',
    documentation: 'The maximum number of records the source task can read from the file each time it is polled',
  },
})

export const sinkConfig = configDef({
  file: file('Destination filename. If not specified, the standard output will be used'),
})

/** The file, or null for the standard input or output. */
export function fileOf(config: { readonly file: string | null }): string | null {
  return config.file === '' ? null : config.file
}

/** What both connectors are: a config that goes to the tasks as it is. */
export class FileStreamConnector {
  static readonly version: string = '4.3.1'
  protected props: Props = {}

  async stop(): Promise<void> {}
}
