import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { SinkRecord } from 'naru/api'
import { CONFIG } from '../../connectors/s3/config/config-keys.ts'
import { S3SinkConnector } from '../../connectors/s3/s3-sink-connector.ts'
import type { FaultRule } from '../../embedded/s3/controls.ts'
import { EmbeddedS3 } from '../../embedded/s3/server.ts'
import { records, S3SinkDriver, sinkProps } from './support/s3-sink-driver.ts'
import { addressOf, embeddedTarget, targetOf } from './support/s3-target.ts'

const MIB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const parts = { 's3.part.size': String(5 * MIB), 'flush.size': '7' }
const large = Array.from({ length: 7 }, () => randomBytes(MIB).toString('base64'))
const largeRecords = () => records(0, 7, (offset) => ({ value: large[offset] }))
const largeText = large.map((value) => `"${value}"\n`).join('')
const first = 'topics/orders/partition=0/orders+0+0000000000.json'

/**
 * Bytes of buffers that are in use: without those that only wait to be collected. A collection hands dead buffers to a thread that frees them in its
 * own time; the next one begins by waiting for it.
 */
function heldBuffers(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

describe('S3 sink in trouble', () => {
  const transient: readonly (readonly [string, FaultRule])[] = [
    ['SlowDown on PutObject', { fault: { kind: 'error', code: 'SlowDown' }, operation: 'PutObject', times: 3 }],
    [
      'more failures than one round of tries',
      { fault: { kind: 'error', code: 'InternalError' }, operation: 'PutObject', times: 9 },
    ],
    ['a cut connection', { fault: { kind: 'cut' }, operation: 'PutObject', times: 2 }],
    ['a lost answer', { fault: { kind: 'lost-answer' }, operation: 'PutObject' }],
  ]
  for (const [name, rule] of transient)
    it(`gets over ${name}`, async () => {
      await using s3 = await embeddedTarget()
      await using sink = await S3SinkDriver.start(s3)
      s3.server.controls.inject(rule)
      await sink.put(records(0, 3))
      await sink.committed(3)
      assert.equal(await s3.text(first), '{"offset":0}\n{"offset":1}\n{"offset":2}\n')
    })

  const multipart: readonly (readonly [string, FaultRule])[] = [
    [
      'throttled creation',
      { fault: { kind: 'error', code: 'SlowDown' }, operation: 'CreateMultipartUpload', times: 2 },
    ],
    ['a part cut in the middle', { fault: { kind: 'cut', afterBytes: MIB }, operation: 'UploadPart' }],
    ['a part whose answer is lost', { fault: { kind: 'lost-answer' }, operation: 'UploadPart' }],
    ['a completion whose answer is lost', { fault: { kind: 'lost-answer' }, operation: 'CompleteMultipartUpload' }],
    [
      'a completion answered 200 with an error',
      { fault: { kind: 'error-in-200', code: 'InternalError' }, operation: 'CompleteMultipartUpload' },
    ],
    [
      'a completion in conflict',
      { fault: { kind: 'error', code: 'ConditionalRequestConflict' }, operation: 'CompleteMultipartUpload' },
    ],
  ]
  for (const [name, rule] of multipart)
    it(`gets over ${name}`, async () => {
      await using s3 = await embeddedTarget()
      await using sink = await S3SinkDriver.start(s3, parts)
      s3.server.controls.inject(rule)
      await sink.put(largeRecords())
      await sink.committed(7)
      assert.equal(await s3.text(first), largeText)
      assert.ok(s3.server.controls.count('UploadPart') >= 2)
    })

  it('reads again from the last stored object when its upload was lost', async () => {
    await using s3 = await embeddedTarget()
    await using sink = await S3SinkDriver.start(s3, parts)
    await sink.put(records(0, 7))
    await sink.committed(7)
    s3.server.controls.inject({ fault: { kind: 'error', code: 'NoSuchUpload' }, operation: 'CompleteMultipartUpload' })
    const more = records(7, 14, (offset) => ({ value: large[offset - 7] }))
    await sink.put(more)
    while (sink.seeks.length === 0) {
      await sink.committable()
      await sink.put(records(14, 15)) // read ahead before the seek: must not begin an object
    }
    assert.deepEqual(sink.seeks, [[{ topic: 'orders', partition: 0, offset: 7 }]])
    await sink.put(more)
    await sink.committed(14)
    assert.equal(await s3.text('topics/orders/partition=0/orders+0+0000000007.json'), largeText)
    assert.equal((await s3.keys()).length, 2)
  })

  it('fails on what retrying cannot heal, and leaves no upload behind', async () => {
    await using s3 = await embeddedTarget()
    await using sink = await S3SinkDriver.start(s3, parts)
    s3.server.controls.inject({ fault: { kind: 'error', code: 'AccessDenied' }, operation: 'CompleteMultipartUpload' })
    await sink.put(largeRecords())
    assert.deepEqual(await sink.committable(), {})
    await assert.rejects(sink.put(), {
      code: 'CONNECT',
      message: /cannot complete the upload of topics\/orders.*AccessDenied/,
    })
    const { Uploads } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
    assert.deepEqual(Uploads ?? [], [])
  })

  it('aborts its uploads when it stops', async () => {
    await using s3 = await embeddedTarget()
    {
      await using sink = await S3SinkDriver.start(s3, { ...parts, 'flush.size': '1000' })
      await sink.put(largeRecords())
      await s3.server.controls.requested('UploadPart', 1)
    }
    const { Uploads } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
    assert.deepEqual(Uploads ?? [], [])
    assert.deepEqual(await s3.keys(), [])
  })

  it('holds bounded memory while S3 is down, asks for the batch again, and loses nothing', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'naru-s3-'))
    const server = await EmbeddedS3.start({ dataDir, buckets: ['bucket'] })
    const { port } = server
    const target = targetOf({ ...addressOf(server), bucket: 'bucket' })
    const props = { 's3.buffer.memory.bytes': String(16 * MIB), 's3.retry.backoff.ms': '1', 'flush.size': '10' }
    const sink = await S3SinkDriver.start(target, props)
    await server[Symbol.asyncDispose]()

    const body = 'x'.repeat(100_000)
    const put = async (n: number): Promise<number> => {
      try {
        await sink.put(records(n * 10, n * 10 + 10, (offset) => ({ value: { offset, body } })))
        return 1
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'RETRIABLE')
        return 0
      }
    }
    const before = process.memoryUsage().arrayBuffers
    let taken = 0
    for (let refused = 0; refused < 3;) {
      const accepted = await put(taken)
      taken += accepted
      refused += 1 - accepted
    }
    assert.ok(taken >= 16 && taken < 30, `${taken} MB taken`)
    assert.ok(process.memoryUsage().arrayBuffers - before < 40 * MIB)
    assert.ok(sink.warnings.some((text) => text.includes('ECONNREFUSED')))
    assert.deepEqual(await sink.committable(), {})

    const again = await EmbeddedS3.start({ dataDir, port })
    while (taken < 40) taken += await put(taken)
    await sink.committed(400)
    const keys = await target.keys()
    assert.deepEqual(
      keys,
      Array.from({ length: 40 }, (_, n) => first.replace(/\d+\.json/, `${String(n * 10).padStart(10, '0')}.json`)),
    )
    await sink[Symbol.asyncDispose]()
    target.client.destroy()
    await again[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('holds bounded memory with very many open objects, and changes nothing about them', async () => {
    await using s3 = await embeddedTarget()
    const props = {
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'f',
      'flush.size': '2400',
      's3.buffer.memory.bytes': String(16 * MIB),
    }
    await using sink = await S3SinkDriver.start(s3, props)
    const before = heldBuffers()
    let peak = 0
    // 120 folders of 1 MB each, open together
    for (let n = 0; n < 240; n++) {
      await sink.put(
        records(n * 10, n * 10 + 10, (offset) => ({ value: { f: offset % 120, offset, body: 'y'.repeat(50_000) } })),
      )
      if (n % 12 === 0) peak = Math.max(peak, heldBuffers() - before)
    }
    await sink.committed(2400)
    assert.ok(peak < 40 * MIB, `${Math.round(peak / MIB)} MiB at once`)
    const keys = await s3.keys()
    assert.equal(keys.length, 120)
    const content = (await s3.text('topics/orders/f=7/orders+0+0000000007.json')).trimEnd().split('\n')
    const offsets = content.map((line) => (JSON.parse(line) as { offset: number }).offset)
    assert.deepEqual(
      offsets,
      Array.from({ length: 20 }, (_, index) => index * 120 + 7),
    )
  })

  it('goes on, with a warning, when the open objects alone cost more than the budget', async () => {
    await using s3 = await embeddedTarget()
    const props = {
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'offset',
      'flush.size': '100000',
      's3.buffer.memory.bytes': String(16 * MIB),
    }
    await using sink = await S3SinkDriver.start(s3, props)
    for (let n = 0; n < 8; n++) await sink.put(records(n * 500, n * 500 + 500))
    assert.match(sink.warnings.join(), /open objects cost .* set partitioner\.max\.open\.files/)
  })

  it('keeps open what a partition lost meanwhile does not touch', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.inject({ fault: { kind: 'delay', ms: 60_000 }, operation: 'PutObject', key: /partition=1/ })
    await using sink = await S3SinkDriver.start(s3, {}, [0, 1])
    const both: readonly SinkRecord[] = [...records(0, 3), ...records(0, 3, () => ({ partition: 1 }))]
    await sink.put(both)
    await s3.server.controls.requested('PutObject', 2)
    await sink.task.close([{ topic: 'orders', partition: 1 }])
    assert.deepEqual(await sink.committable(), { 0: 3 })
  })
})

describe('configuration errors of the S3 sink against a server', () => {
  const wrong = [
    [
      's3.bucket.name',
      { 's3.bucket.name': 'missing' },
      /Non-existent S3 bucket: missing \(at http.*Create it, or correct/,
    ],
    ['aws.secret.access.key', { 'aws.secret.access.key': 'wrong' }, /not the secret of aws\.access\.key\.id/],
    ['aws.access.key.id', { 'aws.access.key.id': 'WHO' }, /does not know the access key id WHO/],
  ] as const
  for (const [key, props, message] of wrong)
    it(`names ${key} at validation and at the start of a task`, async () => {
      await using s3 = await embeddedTarget()
      const all = { ...sinkProps(s3), ...props }
      const values = await S3SinkConnector.validate(all, CONFIG.validate(all))
      const withErrors = values.filter(({ errors }) => errors.length > 0)
      assert.deepEqual(
        withErrors.map(({ name }) => name),
        [key],
      )
      assert.match(withErrors[0]?.errors.join() ?? '', message)
      await assert.rejects(S3SinkDriver.start(s3, props), { code: 'CONFIG', key, message })
    })

  it('starts while S3 is down', async () => {
    await using s3 = await embeddedTarget()
    await using sink = await S3SinkDriver.start(s3, { 'store.url': 'http://127.0.0.1:1' })
    assert.match(sink.warnings.join(), /cannot reach bucket bucket now: ECONNREFUSED/)
  })

  it('has nothing to say about a good config', async () => {
    await using s3 = await embeddedTarget()
    const values = await S3SinkConnector.validate(sinkProps(s3), CONFIG.validate(sinkProps(s3)))
    assert.deepEqual(
      values.flatMap(({ errors }) => errors),
      [],
    )
  })
})
