import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Controls } from './controls.ts'
import { KeyLocks } from './key-locks.ts'
import { MultipartUploads } from './multipart-uploads.ts'
import { ObjectFiles } from './object-files.ts'
import { HANDLERS } from './operations/index.ts'
import type { Stores } from './operations/stores.ts'
import { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'
import { verifySignature } from './sigv4.ts'

export { Controls } from './controls.ts'
export type { Fault, FaultRule } from './controls.ts'
export type { Operation } from './operation.ts'

export interface EmbeddedS3Options {
  /** Objects lie in `dataDir/BUCKET/KEY`. */
  readonly dataDir: string
  /** 0: any free port. */
  readonly port?: number
  readonly host?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly region?: string
  /** Created when missing. */
  readonly buckets?: readonly string[]
  /** Serve https: PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Told of failures inside the server (answered 500); default: standard error. */
  readonly onError?: (error: unknown) => void
}

/** An S3 server in this process, for laptops and tests: strict about signatures and digests, objects as plain files. */
export class EmbeddedS3 implements AsyncDisposable {
  readonly endpoint: string
  readonly port: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly controls = new Controls()
  readonly #server: Server
  readonly #stores: Stores
  readonly #onError: (error: unknown) => void

  static async start(options: EmbeddedS3Options): Promise<EmbeddedS3> {
    await mkdir(options.dataDir, { recursive: true })
    const files = await ObjectFiles.open(options.dataDir)
    for (const bucket of options.buckets ?? []) await files.createBucket(bucket)
    // no limit on a request's time: a slow upload is not an attack here
    const timeouts = { keepAliveTimeout: 60_000, requestTimeout: 0 }
    const server = options.tls === undefined ? createServer(timeouts) : createTlsServer({ ...timeouts, ...options.tls })
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
    await once(server, 'listening')
    return new EmbeddedS3(options, server, files)
  }

  private constructor(options: EmbeddedS3Options, server: Server, files: ObjectFiles) {
    this.port = (server.address() as AddressInfo).port
    this.endpoint = `${options.tls === undefined ? 'http' : 'https'}://${options.host ?? '127.0.0.1'}:${this.port}`
    this.accessKeyId = options.accessKeyId ?? 'naru'
    this.secretAccessKey = options.secretAccessKey ?? 'naru-secret'
    this.region = options.region ?? 'us-east-1'
    this.#onError = options.onError ?? ((error) => console.error('embedded S3:', error))
    this.#stores = {
      files,
      uploads: new MultipartUploads(files),
      locks: new KeyLocks(),
      completed: new Map(),
      region: this.region,
    }
    this.#server = server
    server.on('request', (http, response) => void this.#serve(http, response))
  }

  async #serve(http: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = http // taken now: a closed connection leaves null behind
    const id = randomBytes(8).toString('hex').toUpperCase()
    let request: S3Request | undefined
    try {
      request = new S3Request(http, response, id)
      request.signature = verifySignature(
        { method: http.method ?? '', url: http.url ?? '/', headers: http.headers },
        this,
      )
      if (await this.#fault(request)) return
      const { operation, bucket } = request
      if (bucket !== '' && operation !== 'CreateBucket' && !(await this.#stores.files.hasBucket(bucket)))
        throw new S3Error('NoSuchBucket')
      await HANDLERS[operation](request, this.#stores)
    } catch (error) {
      if (!socket.destroyed) this.#fail(http, response, request, error) // else the client went away: nobody to tell
    }
  }

  /** Plays the fault that a test ordered; true when the request is done with. */
  async #fault(request: S3Request): Promise<boolean> {
    const fault = this.controls.take(request.operation, request.key)
    request.fault = fault
    switch (fault?.kind) {
      case undefined:
      case 'slow-body':
      case 'lost-answer':
        return false
      case 'delay':
        // must not keep a process alive that is done with the server
        await new Promise((resolve) => setTimeout(resolve, fault.ms).unref())
        return false
      case 'cut':
        if (fault.afterBytes !== undefined) return false
        request.cut()
        return true
      case 'error':
        throw new S3Error(fault.code, fault.message)
      case 'error-in-200':
        request.answerError(new S3Error(fault.code), 200)
        return true
    }
  }

  #fail(http: IncomingMessage, response: ServerResponse, request: S3Request | undefined, error: unknown): void {
    const known = error instanceof S3Error ? error : new S3Error('InternalError')
    if (known !== error) this.#onError(error)
    if (response.headersSent) {
      response.destroy() // a broken body must not look complete
      return
    }
    if (request) request.answerError(known)
    else {
      response.writeHead(known.status, { 'content-type': 'application/xml', connection: 'close' })
      response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${known.code}</Code></Error>`)
      http.resume()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
