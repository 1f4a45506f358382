import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { compareKeys } from './key-path.ts'
import { isCode } from './object-files.ts'
import type { ObjectFiles } from './object-files.ts'
import { S3Error } from './s3-error.ts'

const MIN_PART_BYTES = 5 * 1024 * 1024

export interface Upload {
  readonly id: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly tagging: string
  readonly initiatedMs: number
}

export interface Part {
  readonly number: number
  /** Without quotes. */
  readonly etag: string
  readonly size: number
  readonly modifiedMs: number
  readonly path: string
}

/**
 * Uploads in progress: a folder per upload with `upload.json` and a file `NUMBER.ETAG` per part, so that one rename makes a part
 * whole with its tag. They survive a restart like everything else.
 */
export class MultipartUploads {
  readonly #files: ObjectFiles

  constructor(files: ObjectFiles) {
    this.#files = files
  }

  async create(bucket: string, upload: Omit<Upload, 'id' | 'initiatedMs'>): Promise<Upload> {
    const created = { ...upload, id: randomUUID().replaceAll('-', ''), initiatedMs: Date.now() }
    const folder = this.#folder(bucket, created.id)
    await fs.mkdir(folder, { recursive: true })
    const temporary = this.#files.temporaryPath()
    await fs.writeFile(temporary, JSON.stringify(created))
    await fs.rename(temporary, join(folder, 'upload.json'))
    return created
  }

  async get(bucket: string, key: string, id: string): Promise<Upload> {
    const upload = /^[0-9a-f]{32}$/.test(id) ? await this.#read(bucket, id) : undefined
    if (upload?.key !== key) throw new S3Error('NoSuchUpload')
    return upload
  }

  /** The finished file at `temporary` becomes part `number`, in place of an earlier one. */
  async addPart(bucket: string, upload: Upload, number: number, temporary: string, etag: string): Promise<void> {
    const name = `${String(number).padStart(5, '0')}.${etag}`
    const earlier = (await this.parts(bucket, upload)).filter((part) => part.number === number)
    try {
      await fs.rename(temporary, join(this.#folder(bucket, upload.id), name))
    } catch (error) {
      await fs.rm(temporary, { force: true })
      if (isCode(error, 'ENOENT')) throw new S3Error('NoSuchUpload')
      throw error
    }
    for (const part of earlier) if (part.etag !== etag) await fs.rm(part.path, { force: true })
  }

  async parts(bucket: string, upload: Upload): Promise<readonly Part[]> {
    const folder = this.#folder(bucket, upload.id)
    const names = (await fs.readdir(folder)).filter((name) => name !== 'upload.json').sort()
    return Promise.all(
      names.map(async (name) => {
        const [number = '', etag = ''] = name.split('.')
        const path = join(folder, name)
        const stat = await fs.stat(path)
        return { number: Number(number), etag, size: stat.size, modifiedMs: stat.mtimeMs, path }
      }),
    )
  }

  /** The parts as one file at `target`; answers the object's tag `MD5-OF-MD5S-COUNT`. */
  async assemble(
    bucket: string,
    upload: Upload,
    chosen: readonly { readonly number: number; readonly etag: string }[],
    target: string,
  ): Promise<string> {
    const stored = new Map((await this.parts(bucket, upload)).map((part) => [part.number, part]))
    const parts = chosen.map(({ number, etag }, index) => {
      if (index > 0 && number <= (chosen[index - 1]?.number ?? 0)) throw new S3Error('InvalidPartOrder')
      const part = stored.get(number)
      if (part?.etag !== etag) throw new S3Error('InvalidPart')
      return part
    })
    if (parts.slice(0, -1).some((part) => part.size < MIN_PART_BYTES)) throw new S3Error('EntityTooSmall')
    const md5 = createHash('md5')
    const file = await fs.open(target, 'wx')
    try {
      for (const part of parts) {
        md5.update(Buffer.from(part.etag, 'hex'))
        for await (const chunk of createReadStream(part.path, { highWaterMark: 1024 * 1024 }))
          await file.writeFile(chunk as Buffer)
      }
    } finally {
      await file.close()
    }
    return `${md5.digest('hex')}-${parts.length}`
  }

  async remove(bucket: string, id: string): Promise<void> {
    await fs.rm(this.#folder(bucket, id), { recursive: true, force: true })
  }

  /** In the order of keys, then of age. */
  async list(bucket: string, prefix: string): Promise<readonly Upload[]> {
    let ids: string[]
    try {
      ids = await fs.readdir(this.#files.uploadsDir(bucket))
    } catch (error) {
      if (isCode(error, 'ENOENT')) return []
      throw error
    }
    const uploads = await Promise.all(ids.map((id) => this.#read(bucket, id)))
    return uploads
      .filter((upload) => upload !== undefined)
      .filter((upload) => upload.key.startsWith(prefix))
      .sort((a, b) => compareKeys(a.key, b.key) || a.initiatedMs - b.initiatedMs)
  }

  #folder(bucket: string, id: string): string {
    return join(this.#files.uploadsDir(bucket), id)
  }

  async #read(bucket: string, id: string): Promise<Upload | undefined> {
    try {
      return JSON.parse(await fs.readFile(join(this.#folder(bucket, id), 'upload.json'), 'utf8')) as Upload
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }
}
