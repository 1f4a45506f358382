import type { Socket } from 'node:net'
import Connection from 'kafkajs/src/network/connection.js'
import { ConnectError } from '../api/index.ts'
import type { Logger } from '../api/index.ts'
import { openSocket } from './broker-socket.ts'
import type { ClientOptions } from './client-options.ts'
import type { UnjoinedWrites } from './unjoined-writes.ts'

/** What of kafkajs' internals we stand on; `assertInternals` checks it. */
export interface InternalConnection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  isConnected(): boolean
  rejectRequests(error: Error): void
  send(request: {
    request: {
      apiKey: number
      apiVersion: number
      apiName: string
      encode(): { buf: Buffer; buffer: Buffer; size(): number }
      expectResponse(): boolean
    }
    response: { decode(payload: Buffer): Buffer; parse(payload: Buffer): Buffer }
    logResponseError: boolean
  }): Promise<Buffer | undefined>
  readonly requestQueue: object
  readonly socket?: Pick<Socket, 'destroy' | 'once'>
}

interface InternalQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests(): void
}

/**
 * A connection that is not yet open. kafkajs is entered at this one file: its entry loads an admin client, a producer and a consumer too, which
 * are ours here, and which an idle worker would keep in memory.
 */
export function internalConnection(
  { host, port }: { readonly host: string; readonly port: number },
  options: ClientOptions,
  logger: Logger,
  unjoined: UnjoinedWrites,
): InternalConnection {
  const ignore = (): void => undefined
  const connection: Partial<InternalConnection> = new Connection({
    host,
    port,
    clientId: options.clientId,
    connectionTimeout: options.connectTimeoutMs,
    // Our requests have their own timers; kafkajs' would look ten times a second, for ever.
    enforceRequestTimeout: false,
    logger: {
      namespace: (namespace) => ({
        ...{ debug: ignore, info: ignore, warn: ignore },
        error: (message) => logger.debug(`kafkajs ${namespace}: ${message}`),
      }),
    },
    socketFactory: (to) => unjoined.watch(openSocket(to.host, to.port, options.security.tls, to.onConnect)),
  })
  assertInternals(connection)
  return connection
}

function assertInternals(connection: Partial<InternalConnection>): asserts connection is InternalConnection {
  const methods = ['connect', 'disconnect', 'isConnected', 'rejectRequests', 'send'] as const
  for (const method of methods) {
    if (typeof connection[method] !== 'function') throw foreignVersion(`connection.${method}`)
  }
  const queue = connection.requestQueue as Partial<InternalQueue> | undefined
  if (typeof queue?.scheduleCheckPendingRequests !== 'function')
    throw foreignVersion('requestQueue.scheduleCheckPendingRequests')
}

function foreignVersion(missing: string): ConnectError {
  return new ConnectError(`kafkajs 2.2.4 is needed exactly: the installed version does not hand over ${missing}`)
}

/**
 * After the first response each kafkajs connection re-arms a timer of 1 ms for ever (kafkajs issues 1556, 1604, 1704, 1751). This replaces
 * the method that arms it by one that does so only when something waits.
 */
export function stopIdleSpin({ requestQueue: queue }: InternalConnection): void {
  const prototype = Object.getPrototypeOf(queue) as {
    scheduleCheckPendingRequests: (this: InternalQueue) => void
    calm?: true
  }
  if (prototype.calm === true) return
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.calm = true
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}
