import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { RealKafka } from '../../../scripts/real-kafka.ts'
import { SILENT } from '../support/kafka-under-test.ts'

const path = (name: string): string => new URL(`../../fixtures/tls/${name}`, import.meta.url).pathname
const MODULES = 'org.apache.kafka.common.security'
const LISTENER = 'listener.name.sasl_ssl'
/** Sessions of the SASL listener end so soon that clients have to authenticate again during the tests. */
const REAUTHENTICATE_MS = 2000

let dataDir: string
let kafka: RealKafka
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'naru-secure-kafka-'))
  kafka = await RealKafka.start({
    dataDir,
    format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=bob,password=bob-secret]`,
    ]),
    secure: {
      listeners: ['SSL', 'SASL_SSL', 'SASL_PLAINTEXT'],
      properties: {
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': path('server.p12'),
        'ssl.keystore.password': 'changeit',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': path('ca.pem'),
        'listener.name.ssl.ssl.client.auth': 'required',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        [`${LISTENER}.connections.max.reauth.ms`]: String(REAUTHENTICATE_MS),
        ...Object.fromEntries(
          [LISTENER, 'listener.name.sasl_plaintext'].flatMap((listener) => [
            [
              `${listener}.plain.sasl.jaas.config`,
              `${MODULES}.plain.PlainLoginModule required user_alice="alice-secret";`,
            ],
            [`${listener}.scram-sha-256.sasl.jaas.config`, `${MODULES}.scram.ScramLoginModule required;`],
            [`${listener}.scram-sha-512.sasl.jaas.config`, `${MODULES}.scram.ScramLoginModule required;`],
            [
              `${listener}.oauthbearer.sasl.jaas.config`,
              `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";`,
            ],
          ]),
        ),
      },
    },
  })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

type Given = Readonly<Record<string, string>>
const TRUST: Given = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': path('ca.pem') }
const sasl = (mechanism: string, module: string, options: string): Given => ({
  'security.protocol': 'SASL_SSL',
  'sasl.mechanism': mechanism,
  'sasl.jaas.config': `${MODULES}.${module} required ${options};`,
  ...TRUST,
})

function clients(props: Given): KafkaClients {
  const bootstrap = kafka.secure(props['security.protocol']!)
  return new KafkaClients({
    props: { 'bootstrap.servers': bootstrap, 'default.api.timeout.ms': '20000', ...props },
    logger: SILENT,
  })
}

/** Writes and reads through such connections; large batches are written without joining them first. */
async function roundTrip(props: Given): Promise<void> {
  await using secured = clients(props)
  const topic = `secure-${Math.random().toString(36).slice(2)}`
  await secured.admin().createTopic({ name: topic, partitions: 1 })
  await using producer = secured.producer({ 'batch.size': '200000' })
  const value = Buffer.alloc(1000, 'x')
  await producer.sendAndWait(Array.from({ length: 500 }, () => ({ topic, key: null, value })))
  await using fetcher = secured.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
  let count = 0
  while (count < 500) {
    const records = await fetcher.poll({ timeoutMs: 10_000 })
    assert.ok(records.length > 0)
    for (const record of records) assert.ok(value.equals(record.value!))
    count += records.length
  }
}

describe('secured connections to Apache Kafka', () => {
  const accepted: readonly (readonly [string, Given | (() => Promise<Given>)])[] = [
    [
      'TLS with stores of JKS',
      {
        'security.protocol': 'SSL',
        'ssl.truststore.location': path('truststore.jks'),
        'ssl.truststore.password': 'changeit',
        'ssl.keystore.location': path('client.jks'),
        'ssl.keystore.password': 'changeit',
        'ssl.key.password': 'key-changeit',
      },
    ],
    [
      'TLS with stores of PKCS12',
      {
        'security.protocol': 'SSL',
        'ssl.truststore.location': path('truststore-legacy.p12'),
        'ssl.truststore.password': 'changeit',
        'ssl.truststore.type': 'PKCS12',
        'ssl.keystore.location': path('client.p12'),
        'ssl.keystore.password': 'changeit',
        'ssl.keystore.type': 'PKCS12',
      },
    ],
    [
      'TLS with an encrypted key and certificates inline',
      async () => ({
        'security.protocol': 'SSL',
        'ssl.truststore.certificates': (await readFile(path('ca.pem'), 'utf8')).replaceAll('\n', ' '),
        'ssl.keystore.key': await readFile(path('client-encrypted.key'), 'utf8'),
        'ssl.keystore.certificate.chain': await readFile(path('client.pem'), 'utf8'),
        'ssl.key.password': 'changeit',
      }),
    ],
    ['PLAIN', sasl('PLAIN', 'plain.PlainLoginModule', 'username="alice" password="alice-secret"')],
    ['SCRAM-SHA-256', sasl('SCRAM-SHA-256', 'scram.ScramLoginModule', 'username="bob" password="bob-secret"')],
    ['SCRAM-SHA-512', sasl('SCRAM-SHA-512', 'scram.ScramLoginModule', 'username="bob" password="bob-secret"')],
    ['OAUTHBEARER', sasl('OAUTHBEARER', 'oauthbearer.OAuthBearerLoginModule', 'unsecuredLoginStringClaim_sub="carol"')],
    [
      'SCRAM without TLS',
      {
        ...sasl('SCRAM-SHA-512', 'scram.ScramLoginModule', 'username="bob" password="bob-secret"'),
        'security.protocol': 'SASL_PLAINTEXT',
      },
    ],
  ]
  for (const [what, props] of accepted)
    test(`records cross: ${what}`, async () => roundTrip(typeof props === 'function' ? await props() : props))

  const refused: readonly (readonly [string, Given, RegExp])[] = [
    [
      'a wrong password',
      sasl('PLAIN', 'plain.PlainLoginModule', 'username="alice" password="guessed-secret"'),
      /SASL_AUTHENTICATION_FAILED/,
    ],
    [
      'a wrong SCRAM password',
      sasl('SCRAM-SHA-256', 'scram.ScramLoginModule', 'username="bob" password="guessed-secret"'),
      /SASL_AUTHENTICATION_FAILED/,
    ],
    [
      'an authority that is not trusted',
      {
        ...sasl('PLAIN', 'plain.PlainLoginModule', 'username="alice" password="alice-secret"'),
        'ssl.truststore.location': path('elsewhere.pem'),
      },
      /not trusted; put its authority into ssl\.truststore/,
    ],
    ['no client certificate where one is required', { 'security.protocol': 'SSL', ...TRUST }, /./],
  ]
  for (const [what, props, message] of refused)
    test(`${what} is refused at once, and no secret shows`, async () => {
      await using secured = clients({ ...props, 'default.api.timeout.ms': '3000' })
      const began = performance.now()
      await assert.rejects(secured.admin().listTopics(), (error: Error) => {
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
      assert.ok(performance.now() - began < 20_000)
    })

  test('a client goes on when its authentication runs out', async () => {
    await using secured = clients(
      sasl('SCRAM-SHA-256', 'scram.ScramLoginModule', 'username="bob" password="bob-secret"'),
    )
    const until = performance.now() + 2.5 * REAUTHENTICATE_MS
    while (performance.now() < until) {
      await secured.admin().listTopics()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
})
