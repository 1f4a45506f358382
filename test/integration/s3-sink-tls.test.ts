import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { CONFIG } from '../../connectors/s3/config/config-keys.ts'
import { S3SinkConnector } from '../../connectors/s3/s3-sink-connector.ts'
import { EmbeddedS3 } from '../../embedded/s3/server.ts'
import { records, S3SinkDriver, sinkProps } from './support/s3-sink-driver.ts'
import { addressOf, targetOf } from './support/s3-target.ts'

const fixture = (name: string) => readFile(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')

describe('S3 sink over https', () => {
  const known = getCACertificates('default')
  let dataDir: string
  let server: EmbeddedS3

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'naru-s3-tls-'))
    const tls = { cert: await fixture('server.pem'), key: await fixture('server.key') }
    server = await EmbeddedS3.start({ dataDir, buckets: ['bucket'], tls })
  })
  after(async () => {
    setDefaultCACertificates(known)
    await server[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true })
  })

  const target = () => targetOf({ ...addressOf(server), bucket: 'bucket' })

  it('says at validation that the certificate is not trusted, and how to mend it', async () => {
    const props = { ...sinkProps(target()), name: 'sink', topics: 'orders' }
    const values = await S3SinkConnector.validate(props, CONFIG.validate(props))
    const errors = values.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`))
    assert.equal(errors.length, 1, errors.join('\n'))
    assert.match(errors[0] ?? '', /^store\.url: the certificate of https:.* NODE_EXTRA_CA_CERTS/)
  })

  it('writes objects to a store whose authority is known', async () => {
    setDefaultCACertificates([...known, await fixture('ca.pem')])
    await using sink = await S3SinkDriver.start(target())
    await sink.put(records(0, 3))
    await sink.committed(3)
    assert.equal(
      await target().text('topics/orders/partition=0/orders+0+0000000000.json'),
      '{"offset":0}\n{"offset":1}\n{"offset":2}\n',
    )
  })
})
