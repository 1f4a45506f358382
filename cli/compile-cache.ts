import { lstat, opendir, rmdir, unlink, utimes, writeFile } from 'node:fs/promises'
import { getCompileCacheDir } from 'node:module'
import { basename, dirname, join } from 'node:path'

const DAY_MS = 24 * 60 * 60 * 1000
/** Entries that no start has read for so long belong to versions and folders that are gone; one that does not is compiled again. */
const UNUSED_MS = 30 * DAY_MS
/** Long after the threads of the first tasks have started. */
const AFTER_START_MS = 5 * 60 * 1000

/** Its mtime is when entries were last looked through, whoever did. */
const MARKER = 'pruned'
/** `v24.21.0-x64-1c717fce-0`: Node's version, the architecture, V8's version and flags, and where there are users, the user. */
const NODE_FOLDER = /^v\d+\.\d+\.\d+.*-[\da-f]{8}(-\d+)?$/
/** `a77f8304`, and while it is written, or left by a process that was killed then, `a77f8304.Xa81sB`. */
const ENTRY = /^[\da-f]{8}(\.\w{6})?$/

/**
 * Node's compile cache: a folder per build of Node, in it one file per module. Node never removes one, and each path and version of a
 * module has its own.
 *
 * A hit moves an entry's atime, once a day on most file systems; where access times are not kept, an entry is removed 30 days after it was
 * written and the next start writes it again. Anything that is not named as Node names it stays: the variable may point anywhere.
 */
export class CompileCache {
  readonly #folder: string
  readonly #inUse: string
  readonly #now: () => number

  /** `inUse`: the folder of this build of Node, whose parent is the cache. */
  constructor({ inUse, now = Date.now }: { readonly inUse: string; readonly now?: () => number }) {
    this.#folder = dirname(inUse)
    this.#inUse = basename(inUse)
    this.#now = now
  }

  /** Prunes minutes from now and then daily, while something else keeps the process alive: a command that ends before costs nothing. */
  static pruneDaily(): void {
    const inUse = getCompileCacheDir()
    if (inUse === undefined) return
    const cache = new CompileCache({ inUse })
    const prune = (): void => {
      void cache.prune()
      setTimeout(prune, DAY_MS).unref()
    }
    setTimeout(prune, AFTER_START_MS).unref()
  }

  /**
   * Removes what has not been used for 30 days, unless some process looked within a day. Several may do it at once: what another has
   * removed is simply gone. Never rejects: a cache that cannot be read or written is left as it is.
   */
  async prune(): Promise<void> {
    try {
      if (!(await this.#claim())) return
      for await (const { name } of await opendir(this.#folder))
        if (NODE_FOLDER.test(name)) await this.#pruneFolder(name)
    } catch {
      // Missing, read-only, or taken away meanwhile: nothing a worker could do about it, and nothing it needs.
    }
  }

  /** Marked before anything is removed, so that others who wake at the same time find it done. */
  async #claim(): Promise<boolean> {
    const marker = join(this.#folder, MARKER)
    const now = this.#now()
    const found = await lstat(marker).catch(() => undefined)
    // A marker from the future is that of a clock which was put right.
    if (found !== undefined && Math.abs(now - found.mtimeMs) < DAY_MS) return false
    await writeFile(marker, '')
    await utimes(marker, now / 1000, now / 1000)
    return true
  }

  async #pruneFolder(name: string): Promise<void> {
    const folder = join(this.#folder, name)
    try {
      const found = await lstat(folder)
      if (!found.isDirectory()) return // nor a link to one
      let left = 0
      for await (const entry of await opendir(folder)) {
        const pruned = ENTRY.test(entry.name) && (await this.#pruneEntry(join(folder, entry.name)))
        if (!pruned) left++
      }
      // One that changed lately may be of a process that has just made it and is about to write; it goes some other day.
      if (left === 0 && name !== this.#inUse && this.#unused(found.mtimeMs)) await rmdir(folder)
    } catch {
      // Another's folder, or another process was faster; the other folders remain to be looked through.
    }
  }

  async #pruneEntry(file: string): Promise<boolean> {
    try {
      const entry = await lstat(file)
      if (!entry.isFile() || !this.#unused(Math.max(entry.atimeMs, entry.mtimeMs))) return false
      await unlink(file)
      return true
    } catch (error) {
      return (error as { code?: unknown }).code === 'ENOENT' // another process was faster
    }
  }

  #unused(lastUseMs: number): boolean {
    return this.#now() - lastUseMs > UNUSED_MS
  }
}
