/** One address that clients connect to: plain or TLS, with or without SASL. All listeners lead to the same broker. */
import net from 'node:net'
import type { Socket } from 'node:net'
import tls from 'node:tls'

import type { SaslOptions } from '../security/sasl-mechanisms.ts'

export interface ListenerOptions {
  /** Distinct; in Kafka such a name as SASL_SSL. */
  readonly name: string
  /** 0 or absent: any free port. */
  readonly port?: number
  /** Where to listen, and what its clients are told; default that of the broker. */
  readonly host?: string
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
}

/** Keys and certificates as PEM text. */
export interface TlsOptions {
  readonly key: string
  readonly cert: string
  readonly passphrase?: string
  /** Whom certificates of clients must be signed by. */
  readonly ca?: string
  /** As `ssl.client.auth`; default `none`. */
  readonly clientAuth?: 'none' | 'requested' | 'required'
}

export class Listener {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly sasl: SaslOptions | undefined
  readonly #server: net.Server
  readonly #connected: 'connection' | 'secureConnection'

  private constructor(options: ListenerOptions, host: string, port: number, server: net.Server) {
    this.name = options.name
    this.host = host
    this.port = port
    this.sasl = options.sasl
    this.#server = server
    this.#connected = options.tls === undefined ? 'connection' : 'secureConnection'
  }

  /** Resolves when clients may connect. Rejects with code EADDRINUSE when the port is taken. */
  static async open(options: ListenerOptions, defaultHost: string): Promise<Listener> {
    const { host = defaultHost, port = 0 } = options
    const server = options.tls === undefined ? net.createServer({ noDelay: true }) : tlsServer(options.tls)
    return new Listener(options, host, await listen(server, port, host), server)
  }

  onConnection(accept: (socket: Socket) => void): void {
    this.#server.on(this.#connected, accept)
  }

  /** Takes no new clients; resolves when all are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

function tlsServer({ key, cert, passphrase, ca, clientAuth = 'none' }: TlsOptions): tls.Server {
  const server = tls.createServer({
    ...{ noDelay: true, key, cert, requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'required' },
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca }),
  })
  // Who fails the handshake learns it from TLS itself.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

function listen(server: net.Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as net.AddressInfo).port)
    })
  })
}
