import { readFile } from 'node:fs/promises'
import { UsageError } from './usage-error.ts'

/** Reads and parses a file named on the command line; what is wrong with it is a usage error with its name. */
export async function readConfig<T>(path: string, parse: (text: string, source: string) => T): Promise<T> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
  try {
    return parse(text, path)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
