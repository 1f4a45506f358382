import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Fault } from './controls.ts'
import { operationOf } from './operation.ts'
import type { Operation } from './operation.ts'
import { S3Error } from './s3-error.ts'
import { decode, parseQuery } from './sigv4.ts'
import type { Signature } from './sigv4.ts'
import { xmlDocument, xmlError } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** One HTTP exchange in S3's terms. */
export class S3Request {
  readonly http: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly operation: Operation
  /** Set once the signature was checked. */
  signature: Signature | undefined
  fault: Fault | undefined

  readonly #socket: Socket

  constructor(http: IncomingMessage, response: ServerResponse, id: string) {
    this.http = http
    this.#socket = http.socket
    this.response = response
    this.id = id
    response.setHeader('x-amz-request-id', id)
    const url = http.url ?? '/'
    const { bucket, key } = address(http.headers.host ?? '', url.split('?', 1)[0] ?? '/')
    this.bucket = bucket
    this.key = key
    this.query = new Map(parseQuery(url))
    const method = http.method ?? 'GET'
    const isCopy = http.headers['x-amz-copy-source'] !== undefined
    const operation = operationOf({ method, bucket, key, query: this.query, isCopy })
    if (operation === undefined) throw new S3Error('NotImplemented')
    this.operation = operation
  }

  /** '' when absent. */
  header(name: string): string {
    const value = this.http.headers[name]
    return Array.isArray(value) ? value.join(',') : (value ?? '')
  }

  /** Headers whose names begin with `prefix`, with their full names. */
  headersWith(prefix: string): Record<string, string> {
    const found: Record<string, string> = {}
    for (const name of Object.keys(this.http.headers)) if (name.startsWith(prefix)) found[name] = this.header(name)
    return found
  }

  integer(name: string, fallback: number, max: number): number {
    const text = this.query.get(name)
    if (text === undefined || text === '') return fallback
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0)
      throw new S3Error('InvalidArgument', `${name} must be a non-negative integer, not ${text}`)
    return Math.min(value, max)
  }

  answerXml(root: string, content: XmlElement, headers: Readonly<Record<string, string>> = {}): void {
    const body = xmlDocument(root, content)
    this.answer(200, { 'content-type': 'application/xml', ...headers }, body)
  }

  answerError(error: S3Error, status = error.status): void {
    const resource = `/${this.bucket}${this.key === '' ? '' : `/${this.key}`}`
    const body = xmlError({ Code: error.code, Message: error.message, Resource: resource, RequestId: this.id })
    this.answer(status, { 'content-type': 'application/xml' }, body)
  }

  answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    if (this.fault?.kind === 'lost-answer') {
      this.cut()
      return
    }
    const bytes = Buffer.from(body)
    const { response } = this
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.statusCode = status
    if (this.http.method !== 'HEAD' && status !== 204 && status !== 304)
      response.setHeader('content-length', bytes.length)
    // an answer before the body was read: the client must not reuse a connection that still carries it
    if (!this.http.complete) response.setHeader('connection', 'close')
    response.end(this.http.method === 'HEAD' ? undefined : bytes)
    this.http.resume()
  }

  /** Ends the connection without an answer. */
  cut(): void {
    this.#socket.destroy()
  }

  /** Writes body bytes with back-pressure. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.pace(chunk.length)
    if (!this.response.write(chunk)) await drained(this.response)
  }

  async pace(bytes: number): Promise<void> {
    if (this.fault?.kind !== 'slow-body') return
    const ms = (bytes / this.fault.bytesPerSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, ms).unref())
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      response.off('close', onClose)
      resolve()
    }
    const onClose = (): void => {
      response.off('drain', onDrain)
      reject(new Error('the client closed the connection'))
    }
    response.once('drain', onDrain)
    response.once('close', onClose)
  })
}

/** Path style `/bucket/key`; `bucket.localhost` as host name is understood too. */
function address(host: string, path: string): { bucket: string; key: string } {
  const virtual = /^([a-z0-9][a-z0-9.-]+)\.localhost(:\d+)?$/.exec(host)
  const parts = path.slice(1).split('/').map(decode)
  if (virtual) return { bucket: virtual[1] ?? '', key: parts.join('/') }
  return { bucket: parts[0] ?? '', key: parts.slice(1).join('/') }
}
