import assert from 'node:assert/strict'
import { chmod, chown, copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PostgresSourceConnector } from '../../connectors/postgres/postgres-source-connector.ts'
import { postgresUser } from '../../embedded/postgres/postgres-user.ts'
import { PostgresUnderTest, SourceDriver } from '../support/postgres-source-driver.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/tls/', import.meta.url))
const fixture = (name: string) => join(FIXTURES, name)

describe('the Postgres source over TLS', () => {
  let keys: string
  let db: PostgresUnderTest

  before(async () => {
    keys = await mkdtemp(join(tmpdir(), 'naru-postgres-tls-'))
    const user = postgresUser()
    await chmod(keys, 0o755)
    for (const name of ['ca.pem', 'server.pem', 'server.key', 'elsewhere.pem', 'elsewhere.key']) {
      await copyFile(fixture(name), join(keys, name))
      if (user !== undefined) await chown(join(keys, name), user.uid, user.gid)
      await chmod(join(keys, name), 0o600) // Postgres refuses a key that others may read
    }
    db = await PostgresUnderTest.start(serverSettings(keys, 'server'))
    await db.sql(`CREATE TABLE letter (id int PRIMARY KEY, text text)`)
    await db.sql(`INSERT INTO letter SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i`)
  })
  after(async () => {
    await db[Symbol.asyncDispose]()
    await rm(keys, { recursive: true })
  })

  const props = (name: string, more: Record<string, string | undefined>) =>
    db.props({ 'slot.name': name, 'publication.name': name, 'table.include.list': 'public.letter', ...more })

  test('reads the snapshot and the changes with verify-full and a client certificate, every session encrypted', async () => {
    await using source = await SourceDriver.start(
      props('tls_full', {
        'database.hostname': 'localhost',
        'database.sslmode': 'verify-full',
        'database.sslrootcert': fixture('ca.pem'),
        'database.sslcert': fixture('client.pem'),
        'database.sslkey': fixture('client-encrypted.key'),
        'database.sslpassword': 'changeit',
      }),
    )
    await source.events(5000)
    await db.sql(`UPDATE letter SET text = 'changed' WHERE id = 7`)
    const [change] = await source.events(1)
    assert.equal(change?.value?.['op'], 'u')
    const sessions = await db.sql(
      `SELECT ssl, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE backend_type IN ('client backend', 'walsender') AND application_name <> ''`,
    )
    assert.ok(sessions.length > 0)
    for (const session of sessions) assert.deepEqual(session, { ssl: true, client_dn: '/CN=naru' })
  })

  test('prefer and require encrypt without looking at the certificate', async () => {
    for (const mode of ['prefer', 'require']) {
      await using source = await SourceDriver.start(props(`tls_${mode}`, { 'database.sslmode': mode }))
      assert.equal((await source.events(1)).length, 1)
      const [{ plain } = { plain: -1 }] = await db.sql(
        `SELECT count(*)::int AS plain FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE backend_type IN ('client backend', 'walsender') AND application_name <> '' AND NOT ssl`,
      )
      assert.equal(plain, 0)
    }
  })

  test('says at validation which key to mend when a certificate cannot be read or verified', async () => {
    const errors = async (more: Record<string, string>) => {
      const values = await PostgresSourceConnector.validate(props('tls_refused', more), [])
      return values.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)).join('\n')
    }
    const ca = { 'database.sslrootcert': fixture('ca.pem') }
    assert.match(await errors({ 'database.sslmode': 'verify-full' }), /^database\.sslrootcert: .*not signed by a known/)
    assert.match(
      await errors({ 'database.sslmode': 'verify-ca', 'database.sslrootcert': '/nowhere/ca.pem' }),
      /^database\.sslrootcert: cannot read \/nowhere\/ca\.pem/,
    )
    assert.match(
      await errors({ ...ca, 'database.sslmode': 'require', 'database.sslkey': '/nowhere/client.key' }),
      /^database\.sslkey: cannot read/,
    )
    assert.equal(await errors({ ...ca, 'database.sslmode': 'verify-full' }), '')
  })

  test('refuses a server whose certificate names another host, unless only its authority is asked for', async () => {
    await using other = await elsewhere(keys)
    const at = { 'slot.name': 'tls_other', 'publication.name': 'tls_other', 'database.sslrootcert': fixture('ca.pem') }
    const problems = async (mode: string) =>
      (await PostgresSourceConnector.validate(other.props({ ...at, 'database.sslmode': mode }), [])).flatMap(
        ({ name, errors }) => errors.map((error) => `${name}: ${error}`),
      )
    assert.match((await problems('verify-full')).join(), /^database\.sslmode: .*is for another host/)
    assert.deepEqual(await problems('verify-ca'), [])
  })
})

function elsewhere(keys: string): Promise<PostgresUnderTest> {
  return PostgresUnderTest.start(serverSettings(keys, 'elsewhere'))
}

function serverSettings(keys: string, name: string): Record<string, string> {
  return {
    ssl: 'on',
    ssl_ca_file: join(keys, 'ca.pem'),
    ssl_cert_file: join(keys, `${name}.pem`),
    ssl_key_file: join(keys, `${name}.key`),
  }
}
