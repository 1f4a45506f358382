import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { APIS, ErrorCode } from 'naru/protocol'

import { clientOptions } from '../../runtime/kafka/client-options.ts'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { NetworkMeter } from '../../runtime/kafka/network-meter.ts'
import { Transport } from '../../runtime/kafka/transport.ts'
import { DEFAULT_WINDOW } from '../../runtime/telemetry/windowed-statistics.ts'
import { SILENT } from './support/kafka-under-test.ts'
import { KafkaWire } from './support/kafka-wire.ts'
import { clientCertificate, MECHANISMS, saslProps, startSecuredKafka, TRUST, USERS } from './support/secured-kafka.ts'

describe('secured listeners of the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startSecuredKafka>>
  let made = 0

  before(async () => {
    scope = await startSecuredKafka()
  })
  after(() => scope[Symbol.asyncDispose]())

  /** Makes a topic as a client with these properties, which takes what Metadata tells about the broker. */
  async function use(listener: string, props: Readonly<Record<string, string>>): Promise<void> {
    const bootstrap = scope.kafka.addresses[listener]!
    await using clients = new KafkaClients({
      props: {
        'bootstrap.servers': bootstrap,
        'request.timeout.ms': '5000',
        'default.api.timeout.ms': '5000',
        ...props,
      },
      logger: SILENT,
    })
    await clients.admin().createTopic({ name: `t${++made}`, partitions: 1 })
  }

  for (const mechanism of MECHANISMS) {
    it(`let who knows its password in by ${mechanism}, plain and by TLS`, async () => {
      for (const [user, password] of Object.entries(USERS)) {
        const props = saslProps(mechanism, user, password)
        await use('SASL_PLAINTEXT', props)
        await use('SASL_SSL', { ...props, ...TRUST, 'security.protocol': 'SASL_SSL' })
      }
    })
  }

  for (const mechanism of MECHANISMS.filter((name) => name !== 'OAUTHBEARER')) {
    it(`refuse a wrong password and a stranger by ${mechanism}`, async () => {
      await assert.rejects(use('SASL_PLAINTEXT', saslProps(mechanism, 'alice', 'wrong')))
      await assert.rejects(use('SASL_PLAINTEXT', saslProps(mechanism, 'mallory', 'alice-secret')))
    })
  }

  it('are counted by a client that gets in, is refused, or does not trust them', async () => {
    const meter = new NetworkMeter({ clientId: 'counts', window: DEFAULT_WINDOW })
    const open = async (listener: string, props: Readonly<Record<string, string>>): Promise<void> => {
      const all = { 'bootstrap.servers': scope.kafka.addresses[listener]!, 'client.id': 'counts', ...props }
      const options = clientOptions(all)
      const connection = await new Transport(options, SILENT, meter).open(options.bootstrap[0]!)
      connection.close()
    }
    const counts = () => [meter.created.events, meter.authenticated.events, meter.refused.events]
    const known = saslProps('PLAIN', 'alice', 'alice-secret')
    await open('SASL_PLAINTEXT', known)
    assert.deepEqual(counts(), [1, 1, 0])
    await assert.rejects(open('SASL_PLAINTEXT', saslProps('PLAIN', 'alice', 'wrong')))
    assert.deepEqual(counts(), [2, 1, 1])
    await assert.rejects(open('SASL_SSL', { ...known, 'security.protocol': 'SASL_SSL' }), /not trusted/)
    assert.deepEqual(counts(), [2, 1, 2])
  })

  it('answer nothing to who has not said who it is', async () => {
    const port = Number(scope.kafka.addresses['SASL_PLAINTEXT']!.split(':')[1])
    await using stranger = await KafkaWire.connect(port)
    const { apiKeys } = await stranger.send(APIS.ApiVersions, 3, {
      clientSoftwareName: 'x',
      clientSoftwareVersion: '1',
    })
    assert.ok(apiKeys.length > 0)
    await assert.rejects(stranger.send(APIS.Metadata, 9, { topics: null }), /closed/)
  })

  it('name their mechanisms, and end after a failure', async () => {
    const port = Number(scope.kafka.addresses['SASL_PLAINTEXT']!.split(':')[1])
    await using early = await KafkaWire.connect(port)
    const answer = await early.send(APIS.SaslAuthenticate, 2, { authBytes: Buffer.from('\0alice\0alice-secret') })
    assert.equal(answer.errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    await assert.rejects(early.send(APIS.SaslHandshake, 1, { mechanism: 'PLAIN' }), /closed/)
    await using odd = await KafkaWire.connect(port)
    const { errorCode, mechanisms } = await odd.send(APIS.SaslHandshake, 1, { mechanism: 'GSSAPI' })
    assert.deepEqual([errorCode, mechanisms], [ErrorCode.UNSUPPORTED_SASL_MECHANISM, MECHANISMS])
    await using wrong = await KafkaWire.connect(port)
    await wrong.send(APIS.SaslHandshake, 1, { mechanism: 'PLAIN' })
    const refused = await wrong.send(APIS.SaslAuthenticate, 2, { authBytes: Buffer.from('\0alice\0no') })
    assert.equal(refused.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
    assert.match(refused.errorMessage!, /Invalid username or password/)
    await assert.rejects(wrong.send(APIS.Metadata, 9, { topics: null }), /closed/)
  })

  it('refuse tokens that are expired, signed or none', async () => {
    const port = Number(scope.kafka.addresses['SASL_PLAINTEXT']!.split(':')[1])
    const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const outcome = async (token: string) => {
      await using wire = await KafkaWire.connect(port)
      await wire.send(APIS.SaslHandshake, 1, { mechanism: 'OAUTHBEARER' })
      const authBytes = Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`)
      const first = await wire.send(APIS.SaslAuthenticate, 2, { authBytes })
      if (first.authBytes.length === 0) return first.errorCode
      return (await wire.send(APIS.SaslAuthenticate, 2, { authBytes: Buffer.from('\x01') })).errorCode
    }
    const claims = { sub: 'alice', exp: Date.now() / 1000 + 60 }
    assert.equal(await outcome(`${encoded({ alg: 'none' })}.${encoded(claims)}.`), 0)
    const refused = ErrorCode.SASL_AUTHENTICATION_FAILED
    assert.equal(await outcome(`${encoded({ alg: 'none' })}.${encoded({ ...claims, exp: 1 })}.`), refused)
    assert.equal(await outcome(`${encoded({ alg: 'HS256' })}.${encoded(claims)}.c2ln`), refused)
    assert.equal(await outcome('x'), refused)
  })

  it('speak TLS, and know clients by their certificates where they are required', async () => {
    await use('SSL', TRUST)
    await assert.rejects(use('SSL', { 'security.protocol': 'SSL' }), 'an authority that the client does not trust')
    await use('MUTUAL', { ...TRUST, ...clientCertificate() })
    await assert.rejects(use('MUTUAL', { ...TRUST, 'default.api.timeout.ms': '1000' }))
  })

  it('leave the plain one as it is', async () => {
    await use('PLAINTEXT', {})
  })
})
