import assert from 'node:assert/strict'
import { createHmac, pbkdf2Sync, createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { clientOptions } from '../../../runtime/kafka/client-options.ts'
import { parseJaasConfig } from '../../../runtime/kafka/security/jaas-config.ts'
import { pemBlocks, pemCertificates, pemKey } from '../../../runtime/kafka/security/pem.ts'
import { saslMechanism } from '../../../runtime/kafka/security/sasl-options.ts'
import { scram } from '../../../runtime/kafka/security/scram.ts'
import { sslOptions } from '../../../runtime/kafka/security/ssl-options.ts'

const TLS = new URL('../../fixtures/tls/', import.meta.url)
const path = (name: string): string => new URL(name, TLS).pathname
const content = (name: string): Promise<string> => readFile(path(name), 'utf8')

describe('sasl.jaas.config', () => {
  test('module and options, quoted either way, with escapes', () => {
    const text = `org.apache.kafka.common.security.plain.PlainLoginModule required
      username="alice" password='it''s' x=bare
      ;`
    assert.throws(() => parseJaasConfig(text), { key: 'sasl.jaas.config' })
    assert.deepEqual(
      parseJaasConfig('org.x.ScramLoginModule required username="a\\"b" password="p\\\\;=" tokenauth=true;'),
      { loginModule: 'org.x.ScramLoginModule', options: { username: 'a"b', password: 'p\\;=', tokenauth: 'true' } },
    )
  })

  for (const broken of [
    '',
    'org.x.Module',
    'org.x.Module perhaps a="secret";',
    'org.x.Module required password="secret"',
    'org.x.Module required password="secret',
    'org.x.Module required password;',
    'org.x.Module required password="secret"; org.y.Module required;',
  ])
    test(`what cannot be parsed is refused without telling secrets: ${broken.replaceAll('secret', '…')}`, () => {
      assert.throws(
        () => parseJaasConfig(broken),
        (error: Error) => !error.message.includes('secret') && (error as { code?: string }).code === 'CONFIG',
      )
    })
})

describe('PEM', () => {
  test('line breaks that a property lost come back, and text around the blocks is passed over', async () => {
    const ca = await content('ca.pem')
    assert.deepEqual(pemCertificates(`subject=CN\n${ca}\nalias: x\n${ca}`), [ca, ca])
    assert.deepEqual(pemCertificates(ca.replaceAll('\n', ' ')), [ca])
    const store = `${await content('client.key')}${await content('client.pem')}`
    assert.deepEqual(
      pemBlocks(store).map(({ label }) => label),
      ['PRIVATE KEY', 'CERTIFICATE'],
    )
    assert.match(pemKey(store)!, /^-----BEGIN PRIVATE KEY-----\n/)
    assert.equal(pemKey(ca), undefined)
  })
})

describe('ssl properties', () => {
  test('PEM files, inline PEM and encrypted keys are read', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'naru-pem-'))
    const store = join(dir, 'client.pem')
    await writeFile(store, `${await content('client.key')}${await content('client.pem')}`)
    const options = sslOptions({
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': path('ca.pem'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': store,
    })
    await rm(dir, { recursive: true })
    assert.deepEqual(options.ca, [await content('ca.pem')])
    assert.equal(options.cert, await content('client.pem'))
    assert.equal(options.minVersion, 'TLSv1.2')
    assert.equal(options.checkServerIdentity, undefined)
    const inline = sslOptions({
      'ssl.truststore.certificates': (await content('ca.pem')).replaceAll('\n', ' '),
      'ssl.keystore.certificate.chain': await content('client.pem'),
      'ssl.keystore.key': await content('client-encrypted.key'),
      'ssl.key.password': 'changeit',
      'ssl.endpoint.identification.algorithm': '',
      'ssl.enabled.protocols': 'TLSv1.3',
    })
    assert.equal(inline.passphrase, 'changeit')
    assert.equal(inline.minVersion, 'TLSv1.3')
    assert.equal(inline.checkServerIdentity!('host', {} as never), undefined)
  })

  test('trust stores of Java hold the authority, whatever protects them', async () => {
    const ca = await content('ca.pem')
    for (const name of ['truststore.p12', 'truststore-legacy.p12', 'truststore.jks'])
      assert.deepEqual(
        sslOptions({ 'ssl.truststore.location': path(name), 'ssl.truststore.password': 'changeit' }).ca,
        [ca],
        name,
      )
    // certificates of JKS are in clear, and Java does not ask for the password either
    assert.deepEqual(sslOptions({ 'ssl.truststore.location': path('truststore.jks') }).ca, [ca])
    // of a key store that serves as trust store, Java trusts the key's own certificate, not its issuers
    for (const name of ['client.p12', 'client.jks'])
      assert.deepEqual(
        sslOptions({ 'ssl.truststore.location': path(name), 'ssl.truststore.password': 'changeit' }).ca,
        [await content('client.pem')],
        name,
      )
  })

  test('key stores of Java hold the key and its chain, whatever protects them', async () => {
    const chain = `${await content('client.pem')}${await content('ca.pem')}`
    for (const [name, keyPassword] of [
      ['client.p12', ''],
      ['client-legacy.p12', ''],
      ['client.jks', 'key-changeit'],
    ] as const) {
      const options = sslOptions({
        'ssl.keystore.location': path(name),
        'ssl.keystore.password': 'changeit',
        'ssl.key.password': keyPassword,
      })
      assert.deepEqual(options.cert, [chain], name)
      assert.deepEqual(options.key, [await content('client.key')], name)
    }
  })

  test('a broken store never yields certificates, and never an error without a name', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'naru-stores-'))
    try {
      const location = join(dir, 'store')
      for (const name of ['truststore.p12', 'truststore.jks', 'client.jks']) {
        const whole = await readFile(path(name))
        const at = (part: number): number => Math.floor(whole.length * part)
        const broken = [whole.subarray(0, at(0.3)), whole.subarray(0, -1), whole.subarray(0, 8)]
        for (const part of [0.1, 0.5, 0.9]) broken.push(Buffer.from(whole.with(at(part), whole[at(part)]! ^ 1)))
        for (const bytes of broken) {
          await writeFile(location, bytes)
          assert.throws(
            () => sslOptions({ 'ssl.truststore.location': location, 'ssl.truststore.password': 'changeit' }),
            (error: Error & { key?: string }) =>
              error.key!.startsWith('ssl.truststore.') && /store/.test(error.message),
          )
        }
      }
      for (const magic of ['cececece00000002', '0000000200000014']) {
        await writeFile(location, Buffer.from(magic, 'hex'))
        assert.throws(() => sslOptions({ 'ssl.keystore.location': location }), {
          key: 'ssl.keystore.location',
          message: /is no PEM, PKCS12 or JKS store\. Convert it: keytool -importkeystore .* -deststoretype PKCS12/,
        })
      }
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  test('what is wrong is named, and passwords are not', async () => {
    const key = await content('client-encrypted.key')
    const chain = await content('client.pem')
    const encrypted = { 'ssl.keystore.key': key, 'ssl.keystore.certificate.chain': chain }
    const jks = { 'ssl.keystore.location': path('client.jks') }
    const trust = { 'ssl.truststore.location': path('truststore.p12') }
    const cases: readonly (readonly [Record<string, string>, string, RegExp])[] = [
      [{ 'ssl.truststore.location': '/absent.pem' }, 'ssl.truststore.location', /cannot read \/absent\.pem/],
      [{ 'ssl.truststore.certificates': 'nothing' }, 'ssl.truststore.certificates', /no PEM certificates/],
      [{ 'ssl.keystore.key': key }, 'ssl.keystore.certificate.chain', /belong together/],
      [encrypted, 'ssl.key.password', /is encrypted/],
      [{ ...encrypted, 'ssl.key.password': 'wrong-password' }, 'ssl.keystore.location', /cannot be used/],
      [{ 'ssl.keystore.location': path('client.p12') }, 'ssl.keystore.password', /is needed/],
      [
        { ...jks, 'ssl.keystore.password': 'wrong-password' },
        'ssl.keystore.password',
        /client\.jks does not open with/,
      ],
      [{ ...jks, 'ssl.keystore.password': 'changeit' }, 'ssl.key.password', /a password of its own/],
      [{ ...jks, 'ssl.key.password': 'wrong-password' }, 'ssl.key.password', /client\.jks does not open with/],
      [
        { ...trust, 'ssl.truststore.password': 'wrong-password' },
        'ssl.truststore.password',
        /truststore\.p12 does not/,
      ],
      [trust, 'ssl.truststore.password', /is encrypted: ssl\.truststore\.password is needed/],
      [{ ...trust, 'ssl.truststore.type': 'BKS' }, 'ssl.truststore.type', /JKS, PKCS12, PEM can\. Convert it/],
      [{ 'ssl.keystore.location': path('truststore.jks') }, 'ssl.keystore.location', /holds no private key/],
      [{ 'ssl.enabled.protocols': 'SSLv3' }, 'ssl.enabled.protocols', /one or more of/],
      [{ 'ssl.endpoint.identification.algorithm': 'ldap' }, 'ssl.endpoint.identification.algorithm', /https/],
      [{ 'ssl.engine.factory.class': 'org.x.Y' }, 'ssl.engine.factory.class', /Java class/],
    ]
    for (const [props, name, message] of cases)
      assert.throws(
        () => sslOptions(props),
        (error: Error & { key?: string }) => {
          assert.equal(error.key, name)
          assert.match(error.message, message)
          assert.doesNotMatch(error.message, /wrong-password|PRIVATE KEY-----\n/)
          return true
        },
      )
  })
})

describe('sasl properties', () => {
  const jaas = (module: string, options: string) => `org.apache.kafka.common.security.${module} required ${options};`

  test('PLAIN sends user and password once', async () => {
    const mechanism = saslMechanism(
      { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas('plain.PlainLoginModule', 'username=u password="p w"') },
      {},
    )
    const exchange = mechanism.begin()
    assert.equal(String(await exchange.next(undefined)), '\0u\0p w')
    assert.equal(await exchange.next(Buffer.alloc(0)), undefined)
  })

  for (const [bits, hash] of [
    [256, 'sha256'],
    [512, 'sha512'],
  ] as const)
    test(`SCRAM-SHA-${bits} proves the password, checks the server, and refuses a weak or foreign one`, async () => {
      const server = (nonce: string, iterations = 4096) => `r=${nonce},s=${btoa('salt')},i=${iterations}`
      const salted = pbkdf2Sync('pencil', 'salt', 4096, createHash(hash).digest().length, hash)
      const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest()
      const begun = async () => {
        const exchange = scram(bits, { username: 'us=er,', password: 'pencil' }).begin()
        const first = String(await exchange.next(undefined))
        assert.match(first, /^n,,n=us=3Der=2C,r=/)
        return { exchange, bare: first.slice(3), nonce: first.split('r=').at(-1)! }
      }
      const { exchange, bare, nonce } = await begun()
      const serverFirst = server(`${nonce}server`)
      const final = String(await exchange.next(Buffer.from(serverFirst)))
      const [withoutProof, proof] = final.split(',p=') as [string, string]
      const authMessage = `${bare},${serverFirst},${withoutProof}`
      const clientKey = hmac(salted, 'Client Key')
      const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage)
      assert.deepEqual(Buffer.from(Buffer.from(proof, 'base64').map((byte, i) => byte ^ signature[i]!)), clientKey)
      const verifier = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')
      assert.equal(await exchange.next(Buffer.from(`v=${verifier}`)), undefined)
      const foreign = await begun()
      await foreign.exchange.next(Buffer.from(server(`${foreign.nonce}x`)))
      await assert.rejects(async () => foreign.exchange.next(Buffer.from(`v=${verifier}`)), /signature is wrong/)
      const weak = await begun()
      await assert.rejects(async () => weak.exchange.next(Buffer.from(server(`${weak.nonce}x`, 100))), /100 iterations/)
      const replayed = await begun()
      await assert.rejects(async () => replayed.exchange.next(Buffer.from(server('other'))), /nonce/)
    })

  test('OAUTHBEARER: an unsecured token says what the login options say', async () => {
    const options = 'unsecuredLoginStringClaim_sub="alice" unsecuredLoginListClaim_scope=",a,b" extension_cluster="c"'
    const mechanism = saslMechanism(
      {
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.jaas.config': jaas('oauthbearer.OAuthBearerLoginModule', options),
      },
      {},
    )
    const exchange = mechanism.begin()
    const message = String(await exchange.next(undefined))
    const [, token] = /^n,,\x01auth=Bearer (\S+)\x01cluster=c\x01\x01$/.exec(message)!
    const [header, claims] = token!.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    assert.deepEqual(JSON.parse(header!), { alg: 'none' })
    const { sub, scope, iat, exp } = JSON.parse(claims!) as { sub: string; scope: string[]; iat: number; exp: number }
    assert.deepEqual([sub, scope, Math.round(exp - iat)], ['alice', ['a', 'b'], 3600])
    assert.equal(String(await exchange.next(Buffer.from('{"status":"invalid_token"}'))), '\x01')
    await assert.rejects(async () => exchange.next(Buffer.alloc(0)), /invalid_token/)
  })

  test('OAUTHBEARER: client credentials buy a token, which connections share', async () => {
    const asked: { authorization: string | undefined; body: string }[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += String(chunk)))
      request.on('end', () => {
        asked.push({ authorization: request.headers.authorization, body })
        response.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 60 }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const mechanism = saslMechanism(
        {
          'sasl.mechanism': 'OAUTHBEARER',
          'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
          'sasl.jaas.config': jaas(
            'oauthbearer.OAuthBearerLoginModule',
            'clientId="c:1" clientSecret="s" scope="kafka"',
          ),
        },
        {},
      )
      const messages = await Promise.all([1, 2].map(async () => String(await mechanism.begin().next(undefined))))
      assert.deepEqual(messages, ['n,,\x01auth=Bearer token-1\x01\x01', 'n,,\x01auth=Bearer token-1\x01\x01'])
      assert.equal(asked.length, 1)
      assert.equal(asked[0]!.authorization, `Basic ${btoa('c%3A1:s')}`)
      assert.equal(asked[0]!.body, 'grant_type=client_credentials&scope=kafka')
    } finally {
      server.close()
    }
  })

  test('secrets show in no options that are printed', () => {
    const options = clientOptions({
      'bootstrap.servers': 'localhost:9092',
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': jaas('plain.PlainLoginModule', 'username="u" password="hidden-secret"'),
    })
    assert.doesNotMatch(inspect(options, { depth: 10, showHidden: true }), /hidden-secret/)
    assert.doesNotMatch(JSON.stringify(options), /hidden-secret/)
  })
})
