import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Looking costs time that grows with the objects; it may take this part of it. */
const SHARE = 0.05

/** The bucket, which the embedded S3 server keeps as plain files. */
export class ObjectFolder {
  readonly #path: string
  #nextLook = 0
  count = 0
  /** Key of the youngest object. */
  latest: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  async look(): Promise<void> {
    const start = performance.now()
    if (start < this.#nextLook) return
    const entries = await readdir(this.#path, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile() && !relative(this.#path, entry.parentPath).startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
    this.count = files.length
    this.latest = await this.#youngest(files)
    const now = performance.now()
    this.#nextLook = now + (now - start) / SHARE
  }

  /** Object names end in the offset of their first record: the greatest of each folder is its youngest. */
  async #youngest(files: readonly string[]): Promise<string | undefined> {
    const lastOfFolder = new Map<string, string>()
    for (const file of files) {
      const folder = file.slice(0, file.lastIndexOf('/'))
      if (file > (lastOfFolder.get(folder) ?? '')) lastOfFolder.set(folder, file)
    }
    let youngest: { file: string; at: number } | undefined
    for (const file of lastOfFolder.values()) {
      const at = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0, // replaced at this very moment
      )
      if (youngest === undefined || at > youngest.at) youngest = { file, at }
    }
    return youngest === undefined ? undefined : relative(this.#path, youngest.file)
  }
}
