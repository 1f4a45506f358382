import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BESIDE_FOLDER, compareKeys, keyPiece, keyToPath, pathToKey } from './key-path.ts'
import { S3Error } from './s3-error.ts'

/** What is stored beside an object's bytes. Header names in lower case. */
export interface ObjectMeta {
  /** Without quotes. */
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
  /** `x-amz-checksum-…` headers. */
  readonly checksums: Readonly<Record<string, string>>
  readonly tagging: string
}

export interface StoredObject {
  readonly key: string
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
  readonly meta: ObjectMeta
}

const HIDDEN = '.s3'

/**
 * Buckets and objects as plain files: `dataDir/BUCKET/KEY`. Metadata lies in `dataDir/.s3/meta/BUCKET/KEY.INODE.json`: its name
 * carries the inode of the bytes it describes and it is written before these are renamed into place, so a kill at any moment
 * leaves the old pair or the new one. A file without metadata (put there by hand) is an object too.
 */
export class ObjectFiles {
  readonly #dataDir: string

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  static async open(dataDir: string): Promise<ObjectFiles> {
    await fs.rm(join(dataDir, HIDDEN, 'tmp'), { recursive: true, force: true })
    await fs.mkdir(join(dataDir, HIDDEN, 'tmp'), { recursive: true })
    return new ObjectFiles(dataDir)
  }

  /** A name for a file that becomes an object by `commit`; leftovers are removed at the next start. */
  temporaryPath(): string {
    return join(this.#dataDir, HIDDEN, 'tmp', randomUUID())
  }

  uploadsDir(bucket: string): string {
    return join(this.#dataDir, HIDDEN, 'uploads', bucket)
  }

  async createBucket(bucket: string): Promise<boolean> {
    try {
      await fs.mkdir(join(this.#dataDir, bucket))
      return true
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false
      throw error
    }
  }

  async hasBucket(bucket: string): Promise<boolean> {
    return (await statOrUndefined(join(this.#dataDir, bucket)))?.isDirectory() === true
  }

  async deleteBucket(bucket: string): Promise<void> {
    try {
      await fs.rmdir(join(this.#dataDir, bucket))
    } catch (error) {
      if (isCode(error, 'ENOTEMPTY', 'EEXIST')) throw new S3Error('BucketNotEmpty')
      throw error
    }
    for (const part of ['meta', 'uploads'])
      await fs.rm(join(this.#dataDir, HIDDEN, part, bucket), { recursive: true, force: true })
  }

  async buckets(): Promise<readonly { readonly name: string; readonly createdMs: number }[]> {
    const entries = await fs.readdir(this.#dataDir, { withFileTypes: true })
    const names = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
    return Promise.all(
      names.sort(compareKeys).map(async (name) => ({
        name,
        createdMs: (await fs.stat(join(this.#dataDir, name))).birthtimeMs,
      })),
    )
  }

  async find(bucket: string, key: string): Promise<StoredObject | undefined> {
    const plain = join(this.#dataDir, bucket, keyToPath(key))
    for (const path of [plain, plain + BESIDE_FOLDER]) {
      const stat = await statOrUndefined(path)
      if (stat?.isFile() !== true) continue
      const meta = (await this.#readMeta(bucket, key, stat.ino)) ?? (await metaOfContent(path))
      return { key, path, size: Number(stat.size), modifiedMs: Math.floor(stat.mtimeMs), meta }
    }
    return undefined
  }

  /** Makes the finished file at `temporary` the object `key`, atomically. */
  async commit(bucket: string, key: string, temporary: string, meta: ObjectMeta): Promise<void> {
    const { ino } = await fs.stat(temporary)
    const metaFile = this.#metaFile(bucket, key, ino)
    await fs.mkdir(dirname(metaFile), { recursive: true })
    await fs.writeFile(`${temporary}.json`, JSON.stringify(meta))
    await fs.rename(`${temporary}.json`, metaFile)
    const path = join(this.#dataDir, bucket, keyToPath(key))
    const before = await statOrUndefined(path)
    await this.#moveInto(temporary, path)
    if (before?.isFile() === true && before.ino !== ino)
      await fs.rm(this.#metaFile(bucket, key, before.ino), { force: true })
  }

  /** Rewrites the metadata of an object in place (tags). */
  async updateMeta(bucket: string, object: StoredObject, meta: ObjectMeta): Promise<void> {
    const { ino } = await fs.stat(object.path)
    const metaFile = this.#metaFile(bucket, object.key, ino)
    const temporary = this.temporaryPath()
    await fs.mkdir(dirname(metaFile), { recursive: true })
    await fs.writeFile(temporary, JSON.stringify(meta))
    await fs.rename(temporary, metaFile)
  }

  /** True when there was such an object. */
  async remove(bucket: string, key: string): Promise<boolean> {
    const object = await this.find(bucket, key)
    if (!object) return false
    const { ino } = await fs.stat(object.path)
    await fs.rm(object.path)
    await fs.rm(this.#metaFile(bucket, key, ino), { force: true })
    await this.#removeEmptyFolders(bucket, dirname(object.path))
    return true
  }

  /** Keys in S3's order, from the first greater than `after`; stops reading folders when the consumer stops. */
  async *keys(bucket: string, options: { prefix: string; after: string }): AsyncGenerator<string> {
    yield* this.#walk(join(this.#dataDir, bucket), '', '', options.prefix, options.after)
  }

  async *#walk(folder: string, path: string, base: string, prefix: string, after: string): AsyncGenerator<string> {
    const entries = await readFolder(folder)
    const pieces = entries
      .map((entry) => ({
        name: entry.name,
        isFolder: entry.isDirectory(),
        key: base + keyPiece(entry.name, entry.isDirectory()),
      }))
      .sort((a, b) => compareKeys(a.key, b.key))
    for (const { name, isFolder, key } of pieces) {
      if (!isFolder) {
        if (key.startsWith(prefix) && compareKeys(key, after) > 0) yield pathToKey(path + name)
        continue
      }
      const below = key.startsWith(prefix) || prefix.startsWith(key)
      const wholeBefore = compareKeys(key, after) < 0 && !after.startsWith(key)
      if (below && !wholeBefore) yield* this.#walk(join(folder, name), `${path}${name}/`, key, prefix, after)
    }
  }

  async #moveInto(temporary: string, path: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#makeFolder(dirname(path))
        const taken = (await statOrUndefined(path))?.isDirectory() === true
        await fs.rename(temporary, taken ? path + BESIDE_FOLDER : path)
        return
      } catch (error) {
        // a concurrent delete may prune the folder, a concurrent put below `path/` may make one, between our steps
        if (attempt >= 20 || !isCode(error, 'ENOENT', 'EISDIR', 'ENOTEMPTY')) throw error
      }
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    try {
      await fs.mkdir(folder, { recursive: true })
    } catch (error) {
      if (!isCode(error, 'EEXIST', 'ENOTDIR')) throw error
      // an object is where a folder must be: it gives way
      let path = folder
      while ((await statOrUndefined(path))?.isFile() !== true) path = dirname(path)
      await fs.rename(path, path + BESIDE_FOLDER)
      await fs.mkdir(folder, { recursive: true })
    }
  }

  async #removeEmptyFolders(bucket: string, from: string): Promise<void> {
    const root = join(this.#dataDir, bucket)
    for (let folder = from; folder.length > root.length; folder = dirname(folder)) {
      try {
        await fs.rmdir(folder)
      } catch (error) {
        if (isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return
        throw error
      }
    }
  }

  #metaFile(bucket: string, key: string, ino: number): string {
    return join(this.#dataDir, HIDDEN, 'meta', bucket, `${keyToPath(key)}.${ino}.json`)
  }

  async #readMeta(bucket: string, key: string, ino: number): Promise<ObjectMeta | undefined> {
    try {
      return JSON.parse(await fs.readFile(this.#metaFile(bucket, key, ino), 'utf8')) as ObjectMeta
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined
      throw error
    }
  }
}

async function metaOfContent(path: string): Promise<ObjectMeta> {
  const md5 = createHash('md5')
  for await (const chunk of createReadStream(path)) md5.update(chunk as Buffer)
  return { etag: md5.digest('hex'), headers: {}, checksums: {}, tagging: '' }
}

async function readFolder(folder: string) {
  try {
    return await fs.readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [] // removed since its parent was read
    throw error
  }
}

export async function statOrUndefined(path: string) {
  try {
    return await fs.stat(path)
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined
    throw error
  }
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
