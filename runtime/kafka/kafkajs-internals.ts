import type { Socket } from 'node:net'
import { Kafka, logLevel } from 'kafkajs'
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

export interface InternalCluster {
  readonly connectionPoolBuilder: {
    build(address: { host: string; port: number }): Promise<{ readonly pool: readonly InternalConnection[] }>
  }
}

interface InternalQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests(): void
}

/**
 * The door to the internals without deep imports: a partition assigner factory is handed the internal cluster when a consumer object is
 * made.
 */
export function internalCluster(options: ClientOptions, logger: Logger, unjoined: UnjoinedWrites): InternalCluster {
  const kafka = new Kafka({
    clientId: options.clientId,
    brokers: options.bootstrap.map(({ host, port }) => `${host}:${port}`),
    connectionTimeout: options.connectTimeoutMs,
    // Our requests have their own timers; kafkajs' would look ten times a second, for ever.
    enforceRequestTimeout: false,
    logLevel: logLevel.ERROR,
    logCreator:
      () =>
      ({ namespace, log }) =>
        logger.debug(`kafkajs ${namespace}: ${log.message}`),
    socketFactory: ({ host, port, onConnect }) =>
      unjoined.watch(openSocket(host, port, options.security.tls, onConnect)),
  })
  let handed: unknown
  kafka.consumer({
    groupId: 'naru',
    partitionAssigners: [
      ({ cluster }) => {
        handed = cluster
        return {
          name: 'naru',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'naru', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  const cluster = handed as Partial<InternalCluster> | undefined
  if (typeof cluster?.connectionPoolBuilder?.build !== 'function') throw foreignVersion('cluster.connectionPoolBuilder')
  return cluster as InternalCluster
}

export function assertInternals(connection: InternalConnection): void {
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
