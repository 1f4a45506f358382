import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { ConnectError } from '../api/errors.ts'
import { tls as nodeTls } from '../async/node-builtins.ts'
import { KafkaError } from './kafka-errors.ts'
import { ErrorCode } from './protocol/index.ts'
import type { TlsOptions } from './security/ssl-options.ts'

const KEEP_ALIVE_MS = 30_000
const TLS_FAILURES = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/

/** Connects, with TLS if there are options for it; the callback comes when the connection may be used. */
export function openSocket(host: string, port: number, tls: TlsOptions | undefined, onConnect: () => void): Socket {
  if (tls === undefined)
    return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onConnect)
  const socket = nodeTls().connect({ ...tls, host, port, ...(isIP(host) === 0 ? { servername: host } : {}) }, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  // a broker that takes no TLS may hang up without an error: waiting for the handshake would have no end
  socket.once('end', () => {
    if (!socket.authorized) socket.destroy(new Error('the broker hung up during the TLS handshake'))
  })
  return socket
}

/** A certificate that is not trusted, expired, or of another host: trying again does not help, as in Java (SslAuthenticationException). */
export function connectFailure(error: unknown, name: string): ConnectError {
  const code = (error as { code?: unknown }).code
  const detail = error instanceof Error ? error.message : String(error)
  if (typeof code === 'string' && TLS_FAILURES.test(code))
    return new ConnectError(`cannot connect to ${name} with TLS: ${detail}: ${tlsRemedy(code)}`, { cause: error })
  return new KafkaError(ErrorCode.NETWORK_EXCEPTION, `connect to ${name}`, { cause: error, detail })
}

function tlsRemedy(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'the certificate is not for this host name; reach the broker by a name it holds, or empty ssl.endpoint.identification.algorithm'
  if (/^(UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|INVALID_CA)/.test(code))
    return 'the certificate is not trusted; put its authority into ssl.truststore.location or ssl.truststore.certificates'
  if (code.startsWith('CERT_')) return 'the certificate is not valid'
  return 'does this listener speak TLS, and does it want a client certificate (ssl.keystore.*)?'
}
