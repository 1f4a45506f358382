export interface ObjectKeyOptions {
  readonly topicsDir: string
  readonly directoryDelimiter: string
  readonly fileDelimiter: string
  readonly padWidth: number
}

/** What an object holds: the values, or the keys or headers of the same records beside it. */
export type ObjectView = 'values' | 'keys' | 'headers'

const SUFFIX: Readonly<Record<ObjectView, string>> = { values: '', keys: '.keys', headers: '.headers' }

/**
 * Confluent's object names: `[topicsDir/]topic/folder/topic+partition+0000000042.json`. Nothing is escaped.
 * `extension` begins with its dot.
 */
export function objectKey(
  of: {
    readonly topic: string
    readonly partition: number
    readonly folder: string
    readonly startOffset: number
    readonly view: ObjectView
    readonly extension: string
  },
  options: ObjectKeyOptions,
): string {
  const { directoryDelimiter, fileDelimiter } = options
  const offset = String(of.startOffset).padStart(options.padWidth, '0')
  const name = [of.topic, of.partition, offset].join(fileDelimiter) + SUFFIX[of.view] + of.extension
  const folders = [of.topic, of.folder, name]
  if (options.topicsDir.trim() !== '') folders.unshift(options.topicsDir)
  return folders.join(directoryDelimiter)
}
