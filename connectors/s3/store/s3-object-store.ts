import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ObjectCannedACL, ServerSideEncryption } from '@aws-sdk/client-s3'
import { ConfigError } from 'naru/api'
import { contentOf } from './object-content.ts'
import type { ExistingObject, ObjectStore } from './object-store.ts'

export interface S3Options {
  readonly bucket: string
  readonly region: string
  /** undefined: AWS. */
  readonly endpoint: string | undefined
  readonly pathStyle: boolean
  readonly accelerate: boolean
  /** undefined: the SDK's default chain. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  readonly requestTimeoutMs: number
  readonly concurrency: number
  readonly checksums: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED'
  readonly sendMd5: boolean
  readonly expectContinue: boolean
  readonly acl: string | undefined
  readonly encryption: string | undefined
  readonly kmsKeyId: string | undefined
  /** Writes never replace an object. */
  readonly conditionalWrites: boolean
}

const CONNECT_TIMEOUT_MS = 5000
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Objects in one bucket of S3 or a compatible store, through the AWS SDK; retries are not its business (retrying.ts). */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client
  readonly #options: S3Options

  constructor(options: S3Options) {
    this.#options = options
    const sockets = { keepAlive: true, maxSockets: options.concurrency + 1 }
    this.#client = new S3Client({
      region: options.region,
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      ...(options.credentials && { credentials: options.credentials }),
      forcePathStyle: options.pathStyle,
      useAccelerateEndpoint: options.accelerate,
      expectContinueHeader: options.expectContinue,
      maxAttempts: 1,
      requestChecksumCalculation: options.checksums,
      responseChecksumValidation: options.checksums,
      logger: SILENT,
      customUserAgent: [['naru-s3-sink']],
      requestHandler: {
        httpAgent: new HttpAgent(sockets),
        httpsAgent: new HttpsAgent(sockets),
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: options.requestTimeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: options.requestTimeoutMs,
      },
    })
  }

  async put(key: string, body: Buffer, abortSignal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#target(key),
      ...this.#attributes(),
      ...this.#condition(),
      ...this.#body(body),
    })
    await this.#client.send(command, { abortSignal })
  }

  async createUpload(key: string, abortSignal: AbortSignal): Promise<string> {
    const command = new CreateMultipartUploadCommand({ ...this.#target(key), ...this.#attributes() })
    const { UploadId } = await this.#client.send(command, { abortSignal })
    return UploadId ?? ''
  }

  async uploadPart(
    key: string,
    upload: string,
    number: number,
    body: Buffer,
    abortSignal: AbortSignal,
  ): Promise<string> {
    const command = new UploadPartCommand({
      ...this.#target(key),
      ...this.#body(body),
      UploadId: upload,
      PartNumber: number,
    })
    const { ETag } = await this.#client.send(command, { abortSignal })
    return ETag ?? ''
  }

  async completeUpload(key: string, upload: string, tags: readonly string[], abortSignal: AbortSignal): Promise<void> {
    const Parts = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
    // S3 may answer 200 with an error document; the SDK throws it like any other.
    const command = new CompleteMultipartUploadCommand({
      ...this.#target(key),
      ...this.#condition(),
      UploadId: upload,
      MultipartUpload: { Parts },
    })
    await this.#client.send(command, { abortSignal })
  }

  async abortUpload(key: string, upload: string): Promise<void> {
    const abortSignal = AbortSignal.timeout(this.#options.requestTimeoutMs)
    await this.#client.send(new AbortMultipartUploadCommand({ ...this.#target(key), UploadId: upload }), {
      abortSignal,
    })
  }

  async inspect(
    key: string,
    isGzip: boolean,
    abortSignal: AbortSignal,
  ): Promise<ExistingObject | 'forbidden' | 'missing'> {
    try {
      const { ETag, Body } = await this.#client.send(new GetObjectCommand(this.#target(key)), { abortSignal })
      return { etag: (ETag ?? '').replaceAll('"', ''), ...(await contentOf(Body as Readable, isGzip)) }
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      if (status === 403) return 'forbidden'
      if (status === 404) return 'missing'
      throw error
    }
  }

  async check(abortSignal: AbortSignal): Promise<void> {
    const Bucket = this.#options.bucket
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket }), { abortSignal })
    } catch (error) {
      if (isUntrusted(error)) throw untrusted(error as Error, this.#options)
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      if (status === 404) throw missingBucket(Bucket, this.#options)
      if (status === 301) return // in another region: exists
      if (status !== 403) throw error
      await this.#explainForbidden(abortSignal)
    }
  }

  close(): void {
    this.#client.destroy()
  }

  /** An answer to HEAD has no body and so no code: asks again in a way that has. Missing rights to list are no error. */
  async #explainForbidden(abortSignal: AbortSignal): Promise<void> {
    const { bucket: Bucket, credentials } = this.#options
    try {
      await this.#client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }), { abortSignal })
    } catch (error) {
      const { name } = error as Error
      if (name === 'InvalidAccessKeyId')
        throw new ConfigError(
          'aws.access.key.id',
          `S3 does not know the access key id ${credentials?.accessKeyId ?? 'of the default credentials'}: check aws.access.key.id, and store.url if the key belongs to another store`,
        )
      if (name === 'SignatureDoesNotMatch')
        throw new ConfigError(
          'aws.secret.access.key',
          'S3 refuses the signature: aws.secret.access.key is not the secret of aws.access.key.id',
        )
      if (name === 'NoSuchBucket') throw missingBucket(Bucket, this.#options)
    }
  }

  #target(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#options.bucket, Key: key }
  }

  #condition(): { IfNoneMatch?: string } {
    return this.#options.conditionalWrites ? { IfNoneMatch: '*' } : {}
  }

  #body(body: Buffer): { Body: Buffer; ContentLength: number; ContentMD5?: string } {
    const digest = this.#options.sendMd5 ? { ContentMD5: createHash('md5').update(body).digest('base64') } : {}
    return { Body: body, ContentLength: body.length, ...digest }
  }

  #attributes() {
    const { acl, encryption, kmsKeyId } = this.#options
    return {
      ...(acl !== undefined && { ACL: acl as ObjectCannedACL }),
      ...(encryption !== undefined && { ServerSideEncryption: encryption as ServerSideEncryption }),
      ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
    }
  }
}

/** Reasons of OpenSSL and Node to refuse a server's certificate: they do not pass by themselves. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

function isUntrusted(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && UNTRUSTED.has(code)
}

function untrusted(error: Error, { endpoint, region }: S3Options): ConfigError {
  const where = endpoint ?? `S3 in region ${region}`
  const remedy = 'start the worker with NODE_EXTRA_CA_CERTS naming the PEM file of its authority, or correct store.url'
  return new ConfigError('store.url', `the certificate of ${where} is not trusted (${error.message}): ${remedy}`, {
    cause: error,
  })
}

function missingBucket(bucket: string, { endpoint, region }: S3Options): ConfigError {
  const where = endpoint === undefined ? `in region ${region}` : `at ${endpoint}`
  return new ConfigError(
    's3.bucket.name',
    `Non-existent S3 bucket: ${bucket} (${where}). Create it, or correct s3.bucket.name, s3.region or store.url`,
  )
}
