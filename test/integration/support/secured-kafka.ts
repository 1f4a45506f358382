/** An embedded broker with one listener for each way to connect, and the client's properties for each. */
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { SaslMechanism } from '@naru/embedded/kafka'

import { startKafka } from './embedded-kafka.ts'

export const USERS: Readonly<Record<string, string>> = { alice: 'alice-secret', 'b,o=b': 'pässword' }
export const MECHANISMS: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']

export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
}

export function startSecuredKafka(): ReturnType<typeof startKafka> {
  const pem = (name: string): string => fs.readFileSync(tlsFile(name), 'utf8')
  const tls = { key: pem('server.key'), cert: pem('server.pem') }
  const sasl = { mechanisms: MECHANISMS, users: USERS }
  return startKafka({
    listeners: [
      { name: 'SASL_PLAINTEXT', sasl },
      { name: 'SSL', tls },
      { name: 'MUTUAL', tls: { ...tls, ca: pem('ca.pem'), clientAuth: 'required' } },
      { name: 'SASL_SSL', tls, sasl },
    ],
  })
}

export function saslProps(mechanism: SaslMechanism, user: string, password: string): Record<string, string> {
  return {
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': jaas(mechanism, user, password),
  }
}

/** With the authority that signed the broker's certificate. */
export const TRUST: Readonly<Record<string, string>> = {
  'security.protocol': 'SSL',
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': tlsFile('ca.pem'),
}

/** With a certificate of the client's own. */
export function clientCertificate(): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': fs.readFileSync(tlsFile('client.key'), 'utf8'),
    'ssl.keystore.certificate.chain': fs.readFileSync(tlsFile('client.pem'), 'utf8'),
  }
}

function jaas(mechanism: SaslMechanism, user: string, password: string): string {
  const module = {
    PLAIN: 'plain.PlainLoginModule',
    'SCRAM-SHA-256': 'scram.ScramLoginModule',
    'SCRAM-SHA-512': 'scram.ScramLoginModule',
    OAUTHBEARER: 'oauthbearer.OAuthBearerLoginModule',
  }[mechanism]
  const options =
    mechanism === 'OAUTHBEARER'
      ? `unsecuredLoginStringClaim_sub="${user}"`
      : `username="${user}" password="${password}"`
  return `org.apache.kafka.common.security.${module} required ${options};`
}
