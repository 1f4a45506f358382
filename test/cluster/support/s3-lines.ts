import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { gunzipSync } from 'node:zlib'

export interface S3Access {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface S3Line {
  readonly objectKey: string
  readonly text: string
}

/** Reads the JSON lines of a bucket; objects already read with the same ETag are not fetched again. */
export class S3Lines implements Disposable {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #cache = new Map<string, { readonly etag: string; readonly lines: readonly string[] }>()

  constructor(access: S3Access) {
    this.#bucket = access.bucket
    this.#client = new S3Client({
      endpoint: access.endpoint,
      region: access.region,
      forcePathStyle: true,
      credentials: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
    })
  }

  /** Object keys under `prefix`, sorted: with zero-padded offsets that is the order of the offsets in each partition. */
  async keys(prefix = ''): Promise<string[]> {
    return (await this.#list(prefix)).map((object) => object.key)
  }

  async lines(prefix = ''): Promise<S3Line[]> {
    const found: S3Line[] = []
    for (const { key, etag } of await this.#list(prefix)) {
      let entry = this.#cache.get(key)
      if (entry?.etag !== etag) {
        const bytes = await this.bytes(key)
        entry = {
          etag,
          lines: bytes
            .toString('utf8')
            .split('\n')
            .filter((line) => line !== ''),
        }
        this.#cache.set(key, entry)
      }
      for (const text of entry.lines) found.push({ objectKey: key, text })
    }
    return found
  }

  /** What an object holds, unpacked where its name ends in .gz. */
  async bytes(key: string): Promise<Buffer> {
    const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }))
    const bytes = Buffer.from(await answer.Body!.transformToByteArray())
    return key.endsWith('.gz') ? gunzipSync(bytes) : bytes
  }

  async #list(prefix: string): Promise<{ key: string; etag: string }[]> {
    const objects: { key: string; etag: string }[] = []
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }),
      )
      for (const object of page.Contents ?? []) objects.push({ key: object.Key!, etag: object.ETag! })
      token = page.NextContinuationToken
    } while (token !== undefined)
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}
