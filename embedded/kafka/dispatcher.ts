/** From the bytes of a request to the bytes of its answer: header, fault, handler, header. */
import { APIS, ErrorCode, Reader, readRequestHeader, Writer, writeResponseHeader } from 'naru/protocol'
import type { RequestHeader } from 'naru/protocol'

import type { Logger } from 'naru/api'

import type { Answer, Connection } from './network/connection.ts'
import type { Fault } from './controls.ts'
import { unsupportedApiVersions } from './handlers/api-versions.ts'
import type { AnyHandler, BrokerParts, Call } from './handlers/handler.ts'
import { HANDLERS } from './handlers/handlers.ts'
import { ProtocolError } from './protocol-error.ts'
import { resourcesOf } from './request-resources.ts'

export interface DispatcherOptions {
  readonly parts: BrokerParts
  readonly logger: Logger
}

type Request = Parameters<AnyHandler['handle']>[0]
type Response = ReturnType<AnyHandler['failed']>

export class Dispatcher {
  readonly #options: DispatcherOptions

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  async dispatch(frame: Buffer, connection: Connection): Promise<Answer> {
    const reader = new Reader(frame)
    const header = readRequestHeader(reader)
    const handler = HANDLERS.get(header.apiKey)
    if (handler === undefined || !handler.api.supports(header.apiVersion)) return this.#unsupported(header, connection)
    if (connection.sasl?.allows(header.apiKey) === false) return this.#unauthenticated(header, connection)
    const request = handler.api.readRequest(reader, header.apiVersion)
    const { controls, topics } = this.#options.parts
    const fault = controls.received(header.apiKey, () => resourcesOf(request, (id) => topics.byId(id)?.name))
    if (fault?.kind === 'cut') return 'cut'
    if (fault?.kind === 'silence') return new Promise(() => undefined)
    if (fault?.kind === 'delay') await delay(fault.ms)
    const response = await this.#respond(handler, request, this.#call(header, connection), fault)
    if (fault?.kind === 'cut-after') return 'cut'
    if (response === undefined) return 'none'
    return encode((writer) => {
      writeResponseHeader(writer, handler.api, header.apiVersion, header.correlationId)
      handler.api.writeResponse(writer, header.apiVersion, response)
    })
  }

  async #respond(
    handler: AnyHandler,
    request: Request,
    call: Call,
    fault: Fault | undefined,
  ): Promise<Response | undefined> {
    if (fault?.kind === 'error') return handler.failed(request, fault.errorCode, call)
    try {
      return await handler.handle(request, call)
    } catch (error) {
      if (error instanceof ProtocolError) return handler.failed(request, error.errorCode, call)
      this.#options.logger.error(`${handler.api.name} failed`, { error })
      const isStorage = STORAGE_ERRORS.includes((error as NodeJS.ErrnoException).code ?? '')
      const errorCode = isStorage ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.UNKNOWN_SERVER_ERROR
      return handler.failed(request, errorCode, call)
    }
  }

  #call(header: RequestHeader, connection: Connection): Call {
    const { parts } = this.#options
    const { listener, sasl } = connection
    return {
      broker: parts,
      node: { nodeId: parts.nodeId, host: listener.host, port: listener.port },
      sasl,
      version: header.apiVersion,
      clientId: header.clientId ?? '',
      clientHost: `/${connection.host}`,
      closed: connection.closed,
    }
  }

  #unauthenticated({ apiKey, clientId }: RequestHeader, { listener, host }: Connection): Answer {
    const who = clientId ?? host
    this.#options.logger.warn(
      `${who} sent API ${apiKey} to ${listener.name} without having authenticated; connection cut`,
    )
    return 'cut'
  }

  /** Only ApiVersions has an answer for a version that we do not know; any other such request ends the connection. */
  #unsupported(header: RequestHeader, connection: Connection): Answer {
    if (header.apiKey === APIS.ApiVersions.key) {
      return encode((writer) => {
        writer.int32(header.correlationId)
        APIS.ApiVersions.writeResponse(writer, 0, unsupportedApiVersions())
      })
    }
    const { apiKey, apiVersion, clientId } = header
    this.#options.logger.warn(
      `${clientId ?? connection.host} sent API ${apiKey} in version ${apiVersion}, which this broker does not serve; connection cut`,
    )
    return 'cut'
  }
}

const SIZE_BYTES = 4
/** The disk is full, failing, or not for writing. */
const STORAGE_ERRORS: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS']

/** The size comes first and is known last: its place is kept in the first chunk, so that a small answer is one write. */
function encode(write: (writer: Writer) => void): readonly Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  write(writer)
  const chunks = writer.chunks()
  chunks[0]!.writeInt32BE(writer.length - SIZE_BYTES)
  return chunks
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
