import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { EmbeddedS3 } from '../../embedded/s3/server.ts'
import { embeddedTarget, s3Client } from './support/s3-target.ts'
import type { EmbeddedTarget } from './support/s3-target.ts'

const put = (s3: EmbeddedTarget, Key: string, Body: string | Uint8Array = Key, more: object = {}) =>
  s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body, ...more }))

describe('objects of the embedded S3 server on disk', () => {
  it('are plain files below their bucket', async () => {
    await using s3 = await embeddedTarget()
    await put(s3, 'topics/orders/partition=0/orders+0+0000000000.json', '{}\n')
    const path = join(s3.dataDir, 'bucket/topics/orders/partition=0/orders+0+0000000000.json')
    assert.equal(await readFile(path, 'utf8'), '{}\n')
  })

  it('stay inside the data folder whatever the key', async () => {
    await using s3 = await embeddedTarget()
    const keys = ['a/../../../outside', '../up', '/root', 'end/', 'x//y', './dot', 'n\u0001ul', 'k'.repeat(900)]
    for (const key of keys) await put(s3, key)
    assert.deepEqual([...(await s3.keys())].sort(), [...keys].sort())
    for (const key of keys) assert.equal(await s3.text(key), key)
    await assert.rejects(access(join(s3.dataDir, '../outside')), { code: 'ENOENT' })
  })

  it('may be called like the folder of others', async () => {
    await using s3 = await embeddedTarget()
    await put(s3, 'a/b/c')
    await put(s3, 'a')
    await put(s3, 'a/b')
    await put(s3, 'x')
    await put(s3, 'x/y')
    assert.deepEqual(await s3.keys(), ['a', 'a/b', 'a/b/c', 'x', 'x/y'])
    for (const key of await s3.keys()) assert.equal(await s3.text(key), key)
    await put(s3, 'a', 'again')
    assert.equal(await s3.text('a'), 'again')
  })

  it('can be put there by hand', async () => {
    await using s3 = await embeddedTarget()
    await writeFile(join(s3.dataDir, 'bucket/mine.txt'), 'hello')
    const head = await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: 'mine.txt' }))
    assert.equal(head.ETag, '"5d41402abc4b2a76b9719d911017c592"')
  })

  it('take a storm of overwrites and deletes in one folder without mixing bytes and metadata', async () => {
    await using s3 = await embeddedTarget()
    const writes = Array.from({ length: 60 }, (_, n) =>
      put(s3, `storm/${n % 3}`, `body ${n}`, { Metadata: { n: String(n) } }),
    )
    await Promise.all(writes)
    for (const key of await s3.keys('storm/')) {
      const answer = await s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: key }))
      assert.equal(await answer.Body?.transformToString(), `body ${answer.Metadata?.['n']}`)
    }
  })

  it('survive a kill of the server, metadata and unfinished uploads too, and nothing half-written appears', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'naru-s3-'))
    const script = join(import.meta.dirname, 'support/s3-server-process.ts')
    const child = fork(script, [dataDir], { execArgv: ['--disable-warning=ExperimentalWarning'] })
    const [address] = (await once(child, 'message')) as [
      { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string },
    ]
    const client = s3Client(address)
    const base = { Bucket: 'bucket', Key: 'big' }
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'done', Body: 'done', Metadata: { kept: 'yes' } }))
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(base))
    const { ETag } = await client.send(new UploadPartCommand({ ...base, UploadId, PartNumber: 1, Body: 'part' }))
    // half an object: the stream stops until the server is dead
    const endless = new Readable({ read() {} })
    endless.push(Buffer.alloc(100_000))
    const half = client.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: 'half', Body: endless, ContentLength: 200_000 }),
    )
    const failed = assert.rejects(half)
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    await failed
    client.destroy()

    await using server = await EmbeddedS3.start({ dataDir })
    const again = s3Client(server)
    const head = await again.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'done' }))
    assert.deepEqual(head.Metadata, { kept: 'yes' })
    await assert.rejects(again.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'half' })), { name: 'NotFound' })
    await again.send(
      new CompleteMultipartUploadCommand({ ...base, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    )
    assert.equal((await again.send(new HeadObjectCommand(base))).ContentLength, 4)
    again.destroy()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('are streamed: the server does not hold a large one in memory', async () => {
    await using s3 = await embeddedTarget()
    const size = 200 * 1024 * 1024
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    let peak = 0
    const Body = Readable.from(
      (function* () {
        for (; sent < size; sent += piece.length) {
          peak = Math.max(peak, process.memoryUsage().arrayBuffers)
          yield piece
        }
      })(),
      { highWaterMark: 4 },
    )
    const before = process.memoryUsage().arrayBuffers
    await s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'large', Body, ContentLength: size }))
    assert.equal((await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: 'large' }))).ContentLength, size)
    assert.ok(peak - before < 100 * 1024 * 1024, `${Math.round((peak - before) / 1e6)} MB at once`)
  })
})

describe('controls of the embedded S3 server', () => {
  it('answer SlowDown as often as told', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.slowDown(2, 'PutObject')
    await assert.rejects(put(s3, 'a'), { name: 'SlowDown' })
    await assert.rejects(put(s3, 'a'), { name: 'SlowDown' })
    await put(s3, 'a')
    assert.equal(s3.server.controls.count('PutObject'), 3)
  })

  it('cut connections, before and within a body', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.inject({ fault: { kind: 'cut' }, operation: 'PutObject' })
    s3.server.controls.inject({ fault: { kind: 'cut', afterBytes: 1000 }, operation: 'PutObject' })
    await assert.rejects(put(s3, 'a'))
    await assert.rejects(put(s3, 'a', Buffer.alloc(10_000_000)))
    assert.deepEqual(await s3.keys(), [])
    await put(s3, 'a')
  })

  it('lose an answer after the work was done', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.inject({ fault: { kind: 'lost-answer' }, operation: 'PutObject' })
    await assert.rejects(put(s3, 'a'))
    assert.deepEqual(await s3.keys(), ['a'])
  })

  it('answer a repeated completion like the first one', async () => {
    await using s3 = await embeddedTarget()
    const base = { Bucket: s3.bucket, Key: 'a' }
    const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand(base))
    const { ETag } = await s3.client.send(new UploadPartCommand({ ...base, UploadId, PartNumber: 1, Body: 'x' }))
    const complete = new CompleteMultipartUploadCommand({
      ...base,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    })
    s3.server.controls.inject({ fault: { kind: 'lost-answer' }, operation: 'CompleteMultipartUpload' })
    await assert.rejects(s3.client.send(complete))
    assert.match((await s3.client.send(complete)).ETag ?? '', /-1"$/)
  })

  it('answer an error document with status 200', async () => {
    await using s3 = await embeddedTarget()
    const base = { Bucket: s3.bucket, Key: 'a' }
    const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand(base))
    const { ETag } = await s3.client.send(new UploadPartCommand({ ...base, UploadId, PartNumber: 1, Body: 'x' }))
    s3.server.controls.inject({
      fault: { kind: 'error-in-200', code: 'InternalError' },
      operation: 'CompleteMultipartUpload',
    })
    const parts = { Parts: [{ PartNumber: 1, ETag }] }
    await assert.rejects(
      s3.client.send(new CompleteMultipartUploadCommand({ ...base, UploadId, MultipartUpload: parts })),
      {
        name: 'InternalError',
      },
    )
  })

  it('hit only the keys they name', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.inject({ fault: { kind: 'error', code: 'AccessDenied' }, key: /^secret\//, times: Infinity })
    await put(s3, 'open')
    await assert.rejects(put(s3, 'secret/a'), { name: 'AccessDenied' })
    s3.server.controls.clear()
    await put(s3, 'secret/a')
  })
})
