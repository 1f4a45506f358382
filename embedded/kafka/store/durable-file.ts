import fs from 'node:fs'

/** Readers, and a start after a kill, see the old content or the new, never half of it. `sync`: a power cut too. */
export function writeFileAtomically(file: string, content: string | Buffer, options: { sync?: boolean } = {}): void {
  const draft = `${file}.new`
  fs.writeFileSync(draft, content, { flush: options.sync ?? false })
  fs.renameSync(draft, file)
}

export function readJsonFile<T>(file: string): T | undefined {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as T) : undefined
}
