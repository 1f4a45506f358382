/** Java clients on the secured listeners of the embedded broker. Needs what embedded-kafka-transactions-java.test.ts does. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

import { QUICK_JVM } from '../../../scripts/kafka-libs.ts'
import {
  clientCertificate,
  MECHANISMS,
  saslProps,
  startSecuredKafka,
  tlsFile,
  TRUST,
  USERS,
} from '../support/secured-kafka.ts'

const LIBS = process.env['NARU_KAFKA_LIBS']
const PROGRAM = new URL('embedded-programs/SecurityProbe.java', import.meta.url).pathname

describe('Java clients on secured listeners of the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startSecuredKafka>>

  before(async () => {
    assert.ok(LIBS, "NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    scope = await startSecuredKafka()
  })
  after(() => scope[Symbol.asyncDispose]())

  it('authenticate by every mechanism, by TLS and by certificate, and are refused', async () => {
    const files: string[] = []
    const file = (name: string, listener: string, props: Readonly<Record<string, string>>): void => {
      const all = { 'bootstrap.servers': scope.kafka.addresses[listener]!, ...props }
      const escaped = Object.entries(all).map(([key, value]) => `${key}=${value.replaceAll('\n', '\\n\\\n')}`)
      const target = path.join(scope.dataDir, name)
      fs.writeFileSync(target, Buffer.from(escaped.join('\n'), 'latin1'))
      files.push(target)
    }
    for (const mechanism of MECHANISMS) {
      for (const [at, [user, password]] of Object.entries(USERS).entries()) {
        file(`${mechanism}-${at}`, 'SASL_PLAINTEXT', saslProps(mechanism, user, password))
      }
      if (mechanism !== 'OAUTHBEARER')
        file(`refused-${mechanism}`, 'SASL_PLAINTEXT', saslProps(mechanism, 'alice', 'no'))
    }
    const trustStore = {
      ...{ 'security.protocol': 'SSL', 'ssl.truststore.location': tlsFile('truststore.p12') },
      ...{ 'ssl.truststore.type': 'PKCS12', 'ssl.truststore.password': 'changeit' },
    }
    file('ssl', 'SSL', trustStore)
    file('sasl-ssl', 'SASL_SSL', {
      ...TRUST,
      ...saslProps('SCRAM-SHA-512', 'alice', USERS['alice']!),
      'security.protocol': 'SASL_SSL',
    })
    file('mutual', 'MUTUAL', { ...TRUST, ...clientCertificate() })
    file('refused-mutual', 'MUTUAL', TRUST)
    const { stdout } = await promisify(execFile)('java', [
      ...['-Xmx256m', ...QUICK_JVM, '-cp', `${LIBS}/*`, PROGRAM],
      ...files,
    ])
    assert.match(stdout, /^DONE$/m)
  })
})
