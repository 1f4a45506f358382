import { createHash } from 'node:crypto'
import { ConnectError } from 'naru/api'
import { PreconditionError } from '../store/retrying.ts'
import type { ByteStash } from './byte-stash.ts'
import { ObjectExistsError } from './stored-objects.ts'
import type { UploadEnvironment } from './upload-environment.ts'

/** S3's least size of a part that is not the last. */
export const MIN_PART_BYTES = 5 * 1024 * 1024

/**
 * One object on its way: a single request when all of it comes at once, a multipart upload when parts came before. Parts travel at
 * the same time, as many as the task's slots allow; their memory is given back when S3 has acknowledged them.
 */
export class ObjectUpload {
  readonly key: string
  readonly #environment: UploadEnvironment
  readonly #signal: AbortSignal
  readonly #parts: Promise<string>[] = []
  #upload: Promise<string> | undefined

  constructor(key: string, environment: UploadEnvironment, signal: AbortSignal) {
    this.key = key
    this.#environment = environment
    this.#signal = signal
  }

  /** Takes over `bytes`. A failure shows at `finish`. */
  part(bytes: ByteStash): void {
    const number = this.#parts.length + 1
    const sent = this.#send(`upload part ${number} of ${this.key}`, bytes, async (body) => {
      const upload = await (this.#upload ??= this.#create())
      return () => this.#environment.store.uploadPart(this.key, upload, number, body, this.#signal)
    })
    sent.catch(() => undefined) // reported by finish
    this.#parts.push(sent)
  }

  /** Takes over the rest and resolves when the object is there. */
  async finish(rest: ByteStash): Promise<void> {
    if (this.#parts.length === 0) {
      let etag = ''
      const write = this.#send(`write ${this.key}`, rest, (body) => {
        if (this.#environment.conditionalWrites) etag = createHash('md5').update(body).digest('hex')
        return Promise.resolve(() => this.#environment.store.put(this.key, body, this.#signal))
      })
      await write.catch((error: unknown) => this.#explain(error, () => etag))
      return
    }
    try {
      if (rest.size > 0) this.part(rest)
      const tags = await Promise.all(this.#parts)
      const upload = (await this.#upload) ?? ''
      const { slots, retrying, store } = this.#environment
      const complete = () => store.completeUpload(this.key, upload, tags, this.#signal)
      await slots
        .run(() => retrying.run(`complete the upload of ${this.key}`, this.#signal, complete))
        .catch((error: unknown) => this.#explain(error, () => tagOfParts(tags)))
    } catch (error) {
      await this.abort()
      throw error
    }
  }

  /** Frees what S3 holds of an unfinished upload, as far as that succeeds: the bucket's lifecycle rule does the rest. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#parts)
    if (this.#upload === undefined) return
    const upload = await this.#upload.catch(() => undefined)
    if (upload !== undefined) await this.#environment.store.abortUpload(this.key, upload).catch(() => undefined)
  }

  /**
   * A conditional write failed: there is an object of that name, or the store knows no conditions. The same bytes are our own, written by a try
   * whose answer was lost, or by another task for the same records: done. Else throws ObjectExistsError.
   */
  async #explain(error: unknown, etag: () => string): Promise<void> {
    const { retrying, store, gzipLevel, conditionalWrites } = this.#environment
    if (!conditionalWrites || !(error instanceof ConnectError)) throw error
    if ((error.cause as Error | undefined)?.name === 'NotImplemented')
      throw new ConnectError(`${error.message}; a store without If-None-Match needs enable.conditional.writes=false`, {
        cause: error,
      })
    if (!(error instanceof PreconditionError)) throw error
    const inspect = () => store.inspect(this.key, gzipLevel !== undefined, this.#signal)
    const existing = await retrying.run(`read ${this.key}`, this.#signal, inspect)
    if (existing === 'missing')
      throw new ConnectError(`${error.message}: yet the store has no such object`, { cause: error })
    if (existing === 'forbidden')
      throw new ObjectExistsError(`${this.key} exists, and we may not read it (s3:GetObject)`, this.key, undefined)
    if (existing.etag !== etag())
      throw new ObjectExistsError(`${this.key} exists with other content`, this.key, existing)
    await this.abort()
  }

  #create(): Promise<string> {
    const { retrying, store } = this.#environment
    const create = () => store.createUpload(this.key, this.#signal)
    return retrying.run(`begin the upload of ${this.key}`, this.#signal, create)
  }

  async #send<T>(what: string, bytes: ByteStash, prepare: (body: Buffer) => Promise<() => Promise<T>>): Promise<T> {
    const { slots, retrying, memory } = this.#environment
    const held = bytes.inMemory
    try {
      return await slots.run(async () => {
        this.#signal.throwIfAborted()
        const body = await bytes.load()
        return retrying.run(what, this.#signal, await prepare(body))
      })
    } finally {
      await bytes.drop()
      memory.add(-held)
    }
  }
}

/** S3's tag of an object made of parts. */
function tagOfParts(tags: readonly string[]): string {
  const md5 = createHash('md5')
  for (const tag of tags) md5.update(Buffer.from(tag.replaceAll('"', ''), 'hex'))
  return `${md5.digest('hex')}-${tags.length}`
}
