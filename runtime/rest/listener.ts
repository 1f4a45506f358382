import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { ConfigError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { sleep } from '../async/abort.ts'
import { http, https } from '../async/node-builtins.ts'
import { tlsOptions } from './tls-options.ts'

const LISTENER = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)/
/** Before a listener closes, it still takes requests for so long. */
const LAST_REQUESTS_MS = 20
/** In-flight requests get this long when a listener closes. */
const DRAIN_MS = 5_000

export interface ListenerOptions {
  /** `http://host:port` or `https://host:port`; an empty host: all interfaces, port 0: any. */
  readonly address: string
  /** The property that names the address. */
  readonly key: 'listeners' | 'admin.listeners'
  readonly props: Props
  readonly serve: RequestListener
}

/** One port that is listened on. */
export class Listener implements AsyncDisposable {
  readonly scheme: 'http' | 'https'
  readonly #host: string
  readonly #server: Server

  private constructor(scheme: 'http' | 'https', host: string, server: Server) {
    this.scheme = scheme
    this.#host = host
    this.#server = server
  }

  static async open({ address, key, props, serve }: ListenerOptions): Promise<Listener> {
    const [, givenScheme = '', host = '', port] = LISTENER.exec(address) ?? []
    const scheme = givenScheme.toLowerCase()
    if (scheme !== 'http' && scheme !== 'https')
      throw ConfigError.invalid(key, address, 'http://host:port or https://host:port is expected')
    const server = scheme === 'http' ? http.createServer(serve) : tlsServer(key, props, serve)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'the port is in use; name another one, or 0 for any' : cause.message
        reject(new ConfigError(key, `Unable to listen on ${address}: ${why}`, { cause }))
      })
      server.listen({ port: Number(port), ...(host === '' ? {} : { host }) }, resolve)
    })
    return new Listener(scheme, host, server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Where this process can reach itself. */
  get url(): string {
    return `${this.scheme}://${this.#isEverywhere ? 'localhost' : literal(this.#host)}:${this.port}`
  }

  /** A name by which others may reach it. */
  get host(): string {
    return this.#isEverywhere ? hostname() : this.#host
  }

  get #isEverywhere(): boolean {
    return ['', '0.0.0.0', '::'].includes(this.#host)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server
    if (!server.listening) return
    // A request that is on its way on a kept connection would find it cut: for a moment each answer asks its client to close instead.
    server.prependListener(
      'request',
      (_request, response: ServerResponse) => void response.setHeader('Connection', 'close'),
    )
    await sleep(LAST_REQUESTS_MS)
    const done = new AbortController()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    await Promise.race([closed, sleep(DRAIN_MS, done.signal)])
    done.abort()
    server.closeAllConnections()
    await closed
  }
}

function tlsServer(key: ListenerOptions['key'], props: Props, serve: RequestListener): Server {
  const prefix = key === 'listeners' ? 'listeners.https.' : 'admin.listeners.https.'
  const { checkHost: _, ...tls } = tlsOptions(props, prefix)
  if (tls.cert === undefined)
    throw new ConfigError(
      `${prefix}ssl.keystore.location`,
      `an https listener needs a certificate: set ${prefix}ssl.keystore.location (or without prefix) to a PEM, PKCS12 or JKS file`,
    )
  try {
    return https().createServer(tls, serve)
  } catch (cause) {
    throw new ConfigError(
      `${prefix}ssl.keystore.location`,
      `the key store cannot be used: ${(cause as Error).message}; is ssl.keystore.password right?`,
      { cause },
    )
  }
}

export interface AdvertisedOptions {
  readonly scheme: string | null
  readonly host: string | null
  readonly port: number | null
}

/** `http://host:port/`: how other workers reach this one. Without `rest.advertised.*` by the first http listener, else the first https one. */
export function advertisedUrl(listeners: readonly Listener[], { scheme, host, port }: AdvertisedOptions): string {
  const wanted = scheme === null || scheme === '' ? undefined : scheme.toLowerCase()
  const of = (each: 'http' | 'https'): Listener | undefined => listeners.find((listener) => listener.scheme === each)
  const listener = wanted === 'http' || wanted === 'https' ? of(wanted) : (of('http') ?? of('https'))
  if (listener === undefined)
    throw ConfigError.invalid('rest.advertised.listener', scheme, 'there is no listener of this protocol')
  const name = host === null || host === '' ? listener.host : host
  return `${listener.scheme}://${literal(name)}:${port ?? listener.port}/`
}

function literal(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
