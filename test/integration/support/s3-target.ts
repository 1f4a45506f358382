import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { EmbeddedS3 } from '../../../embedded/s3/server.ts'

/**
 * The S3 a suite runs against, with a bucket of its own: the embedded server, or the one that S3_ENDPOINT, S3_ACCESS_KEY and
 * S3_SECRET_KEY name.
 */
export interface OpenTarget {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  readonly client: S3Client
  /** Keys in the bucket, in S3's order. */
  keys(prefix?: string): Promise<readonly string[]>
  read(key: string): Promise<Buffer>
  /** The object's text; gunzipped when its key ends in `.gz`. */
  text(key: string): Promise<string>
}

export type S3Target = OpenTarget & AsyncDisposable

export interface EmbeddedTarget extends S3Target {
  readonly server: EmbeddedS3
  readonly dataDir: string
}

export const isExternal = process.env['S3_ENDPOINT'] !== undefined

export async function s3Target(): Promise<S3Target> {
  if (!isExternal) return embeddedTarget()
  const bucket = `naru-test-${randomUUID().slice(0, 8)}`
  const base = targetOf({
    endpoint: process.env['S3_ENDPOINT'] ?? '',
    region: process.env['S3_REGION'] ?? 'us-east-1',
    accessKeyId: process.env['S3_ACCESS_KEY'] ?? '',
    secretAccessKey: process.env['S3_SECRET_KEY'] ?? '',
    bucket,
  })
  await base.client.send(new CreateBucketCommand({ Bucket: bucket }))
  return {
    ...base,
    async [Symbol.asyncDispose]() {
      for (const Key of await base.keys()) await base.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
      await base.client.send(new DeleteBucketCommand({ Bucket: bucket }))
      base.client.destroy()
    },
  }
}

export async function embeddedTarget(): Promise<EmbeddedTarget> {
  const dataDir = await mkdtemp(join(tmpdir(), 'naru-s3-'))
  const server = await EmbeddedS3.start({ dataDir, buckets: ['bucket'] })
  const base = targetOf({ ...addressOf(server), bucket: 'bucket' })
  return {
    ...base,
    server,
    dataDir,
    async [Symbol.asyncDispose]() {
      base.client.destroy()
      await server[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

interface Address {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export function addressOf({ endpoint, region, accessKeyId, secretAccessKey }: Address): Address {
  return { endpoint, region, accessKeyId, secretAccessKey }
}

export function s3Client(address: Address, options: { checksums?: boolean } = {}): S3Client {
  return new S3Client({
    endpoint: address.endpoint,
    region: address.region,
    credentials: { accessKeyId: address.accessKeyId, secretAccessKey: address.secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: options.checksums === true ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: options.checksums === true ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
  })
}

export function targetOf(address: Address & { readonly bucket: string }): OpenTarget {
  const client = s3Client(address)
  const { bucket } = address
  const read = async (key: string): Promise<Buffer> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  return {
    ...address,
    client,
    read,
    async keys(prefix = '') {
      const found: string[] = []
      for (let token: string | undefined; ;) {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
        )
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) found.push(Key)
        token = page.NextContinuationToken
        if (token === undefined) return found
      }
    },
    async text(key) {
      const bytes = await read(key)
      return (key.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
    },
  }
}
