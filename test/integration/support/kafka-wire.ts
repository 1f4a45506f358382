/** One raw connection to a broker: any API in any version, nothing retried, nothing hidden. */
import net from 'node:net'

import { readResponseHeader, Reader, Writer, writeRequestHeader } from 'naru/protocol'
import type { AnyApi, Api, Fields, Message, MessageInput } from 'naru/protocol'

interface Waiting {
  resolve(answer: Buffer): void
  reject(error: Error): void
}

export class KafkaWire implements AsyncDisposable {
  readonly #socket: net.Socket
  readonly #waiting: Waiting[] = []
  #received: Buffer = Buffer.alloc(0)
  #correlationId = 0

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'))
    })
  }

  static async connect(port: number): Promise<KafkaWire> {
    const socket = net.connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new KafkaWire(socket)
  }

  async send<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    request: MessageInput<Q>,
  ): Promise<Message<S>> {
    const frame = await this.sendRaw(encode(api, version, ++this.#correlationId, request))
    const reader = new Reader(frame)
    readResponseHeader(reader, api as unknown as AnyApi, version)
    return api.readResponse(reader, version)
  }

  /** For requests that get no answer. */
  post<Q extends Fields, S extends Fields>(api: Api<Q, S>, version: number, request: MessageInput<Q>): void {
    this.#socket.write(framed(encode(api, version, ++this.#correlationId, request)))
  }

  /** Header and body in, header and body out. */
  sendRaw(request: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(framed(request))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return
    const closed = new Promise((resolve) => this.#socket.once('close', resolve))
    this.#socket.destroy()
    await closed
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      this.#waiting.shift()?.resolve(this.#received.subarray(4, end))
      this.#received = this.#received.subarray(end)
    }
  }
}

function encode<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  apiVersion: number,
  correlationId: number,
  request: MessageInput<Q>,
): Buffer {
  const writer = new Writer()
  writeRequestHeader(writer, api as unknown as AnyApi, { apiVersion, correlationId, clientId: 'wire' })
  api.writeRequest(writer, apiVersion, request)
  return writer.toBuffer()
}

function framed(request: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(request.length)
  return Buffer.concat([size, request])
}
