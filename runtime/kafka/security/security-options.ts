import type { Props } from '../../api/props.ts'
import { saslMechanism } from './sasl-options.ts'
import type { SaslMechanism } from './sasl-mechanism.ts'
import { sslOptions } from './ssl-options.ts'
import type { TlsOptions } from './ssl-options.ts'

export const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
export type SecurityProtocol = (typeof SECURITY_PROTOCOLS)[number]

/** How connections are secured. Not enumerable in detail: it holds secrets and must not reach a log. */
export class Security {
  /** undefined: no TLS. */
  readonly #tls: TlsOptions | undefined
  readonly #sasl: SaslMechanism | undefined

  constructor(protocol: SecurityProtocol, props: Props) {
    const tls = protocol === 'SSL' || protocol === 'SASL_SSL' ? sslOptions(props) : undefined
    this.#tls = tls
    this.#sasl = protocol.startsWith('SASL_') ? saslMechanism(props, tls ?? {}) : undefined
  }

  get tls(): TlsOptions | undefined {
    return this.#tls
  }

  get sasl(): SaslMechanism | undefined {
    return this.#sasl
  }
}
