import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { ExistingObject } from './object-store.ts'

/** Enough of an object to tell whether it begins with a record. */
const HEAD_BYTES = 4096

/** Reads an object's content to its end without keeping it. What is not gzip where it should be counts as it is. */
export async function contentOf(body: Readable, isGzip: boolean): Promise<Omit<ExistingObject, 'etag'>> {
  const hash = createHash('sha256')
  let bytes = 0
  let head: Buffer = Buffer.alloc(0)
  const count = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      if (bytes < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - bytes)])
      bytes += chunk.length
      hash.update(chunk)
    }
  }
  try {
    await (isGzip ? pipeline(body, createGunzip(), count) : pipeline(body, count))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_') !== true) throw error
    return { bytes: 0, sha256: '', head: Buffer.alloc(0) } // no content of ours
  }
  return { bytes, sha256: hash.digest('hex'), head }
}
