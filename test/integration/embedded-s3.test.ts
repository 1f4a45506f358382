import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3'
import { isExternal, s3Client, s3Target } from './support/s3-target.ts'
import type { S3Target } from './support/s3-target.ts'

const MIB = 1024 * 1024
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** What S3 clients rely on, asked through the AWS SDK; also holds for the S3 that S3_ENDPOINT names. */
describe(`S3 operations of ${isExternal ? 'the external server' : 'the embedded server'}`, () => {
  let s3: S3Target
  before(async () => {
    s3 = await s3Target()
  })
  after(() => s3[Symbol.asyncDispose]())

  const put = (key: string, body: string | Uint8Array, more: object = {}) =>
    s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: body, ...more }))
  const text = async (key: string): Promise<string> => (await s3.read(key)).toString()

  it('keeps bytes, content type and metadata of an object', async () => {
    const body = randomBytes(300_000)
    const { ETag } = await put('dir/a+b c=é.bin', body, { ContentType: 'application/x-test', Metadata: { first: '1' } })
    assert.equal(ETag, `"${md5(body)}"`)
    const head = await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: 'dir/a+b c=é.bin' }))
    assert.equal(head.ContentLength, body.length)
    assert.equal(head.ContentType, 'application/x-test')
    assert.deepEqual(head.Metadata, { first: '1' })
    assert.ok(body.equals(await s3.read('dir/a+b c=é.bin')))
  })

  it('serves ranges', async () => {
    await put('range', '0123456789')
    const range = async (Range: string) => {
      const answer = await s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: 'range', Range }))
      return `${answer.ContentRange} ${await answer.Body?.transformToString()}`
    }
    assert.equal(await range('bytes=2-4'), 'bytes 2-4/10 234')
    assert.equal(await range('bytes=7-'), 'bytes 7-9/10 789')
    assert.equal(await range('bytes=-3'), 'bytes 7-9/10 789')
    await assert.rejects(range('bytes=10-'), { name: 'InvalidRange' })
  })

  it('answers missing things by their codes', async () => {
    await assert.rejects(s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: 'no' })), { name: 'NoSuchKey' })
    await assert.rejects(s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: 'no' })), { name: 'NotFound' })
    await assert.rejects(s3.client.send(new HeadBucketCommand({ Bucket: 'naru-missing' })), { name: 'NotFound' })
    await assert.rejects(s3.client.send(new PutObjectCommand({ Bucket: 'naru-missing', Key: 'x', Body: 'y' })), {
      name: 'NoSuchBucket',
    })
    await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'no' }))
  })

  it('refuses a wrong secret and an unknown key', async () => {
    const wrongSecret = s3Client({ ...s3, secretAccessKey: 'wrong' })
    const unknown = s3Client({ ...s3, accessKeyId: 'UNKNOWN' })
    const list = new ListObjectsV2Command({ Bucket: s3.bucket })
    await assert.rejects(wrongSecret.send(list), { name: 'SignatureDoesNotMatch' })
    // VersityGW has a name of its own for it
    await assert.rejects(unknown.send(list), ({ name }: Error) =>
      /^(InvalidAccessKeyId|XAdminUserNotFound)$/.test(name),
    )
    wrongSecret.destroy()
    unknown.destroy()
  })

  it('lists buckets', async () => {
    const { Buckets } = await s3.client.send(new ListBucketsCommand({}))
    assert.ok(Buckets?.some(({ Name }) => Name === s3.bucket))
  })

  it('lists by prefix and delimiter in pages', async () => {
    const names = ['list/a/1', 'list/a/2', 'list/b', 'list/c/x/1', 'list/d']
    for (const name of names) await put(name, name)
    assert.deepEqual(await s3.keys('list/'), names)
    const found: string[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await s3.client.send(
        new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2, ContinuationToken }),
      )
      found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    assert.deepEqual(found.sort(), ['list/a/', 'list/b', 'list/c/', 'list/d'])
    const after = await s3.client.send(
      new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'list/', StartAfter: 'list/b' }),
    )
    assert.deepEqual(
      after.Contents?.map(({ Key }) => Key),
      ['list/c/x/1', 'list/d'],
    )
  })

  it('deletes many at once', async () => {
    for (const name of ['many/1', 'many/2', 'many/3']) await put(name, name)
    const Objects = ['many/1', 'many/3', 'many/none'].map((Key) => ({ Key }))
    await s3.client.send(new DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects } }))
    assert.deepEqual(await s3.keys('many/'), ['many/2'])
  })

  it('copies an object', async () => {
    await put('copy/from', 'content', { Metadata: { kept: 'yes' } })
    await s3.client.send(
      new CopyObjectCommand({ Bucket: s3.bucket, Key: 'copy/to', CopySource: `${s3.bucket}/copy/from` }),
    )
    assert.equal(await text('copy/to'), 'content')
  })

  it('keeps tags', async () => {
    await put('tagged', 'x')
    const Tagging = {
      TagSet: [
        { Key: 'startOffset', Value: '0' },
        { Key: 'a b', Value: 'c=d' },
      ],
    }
    await s3.client.send(new PutObjectTaggingCommand({ Bucket: s3.bucket, Key: 'tagged', Tagging }))
    const { TagSet } = await s3.client.send(new GetObjectTaggingCommand({ Bucket: s3.bucket, Key: 'tagged' }))
    const byKey = (a: { Key: string | undefined }, b: { Key: string | undefined }) =>
      (a.Key ?? '').localeCompare(b.Key ?? '')
    assert.deepEqual(TagSet?.sort(byKey), Tagging.TagSet.sort(byKey))
  })

  it('writes under If-None-Match: * only once', async () => {
    await put('once', 'first', { IfNoneMatch: '*' })
    await assert.rejects(put('once', 'second', { IfNoneMatch: '*' }), { name: 'PreconditionFailed' })
    assert.equal(await text('once'), 'first')
  })

  it('writes under If-Match only over that version', async () => {
    const { ETag } = await put('matched', 'first')
    await assert.rejects(put('matched', 'x', { IfMatch: `"${md5(Buffer.from('other'))}"` }), {
      name: 'PreconditionFailed',
    })
    await put('matched', 'second', { IfMatch: ETag })
    assert.equal(await text('matched'), 'second')
  })

  it('refuses a body that is not what its Content-MD5 says', async () => {
    const ContentMD5 = createHash('md5').update('other').digest('base64')
    await assert.rejects(put('digest', 'body', { ContentMD5 }), { name: 'BadDigest' })
    await assert.rejects(text('digest'), { name: 'NoSuchKey' })
  })

  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const satisfies ChecksumAlgorithm[])
    it(`verifies ${algorithm} in a header and in a trailer`, async (t) => {
      const client = s3Client(s3, { checksums: true })
      t.after(() => client.destroy())
      const body = randomBytes(200_000)
      const base = { Bucket: s3.bucket, ChecksumAlgorithm: algorithm } as const
      await client.send(new PutObjectCommand({ ...base, Key: `sum/${algorithm}`, Body: body }))
      assert.ok(body.equals(await s3.read(`sum/${algorithm}`)))
      const stream = Readable.from([body.subarray(0, 70_000), body.subarray(70_000)])
      await client.send(
        new PutObjectCommand({ ...base, Key: `sum/s-${algorithm}`, Body: stream, ContentLength: body.length }),
      )
      assert.ok(body.equals(await s3.read(`sum/s-${algorithm}`)))
      const field = `Checksum${algorithm}`
      const wrong = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 }[algorithm]
      const command = new PutObjectCommand({
        ...base,
        Key: 'sum/wrong',
        Body: body,
        [field]: Buffer.alloc(wrong).toString('base64'),
      })
      await assert.rejects(client.send(command), (error: Error) =>
        /BadDigest|InvalidRequest|Invalid.*Checksum/.test(error.name),
      )
    })

  describe('multipart uploads', () => {
    const start = async (Key: string): Promise<string> =>
      (await s3.client.send(new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key }))).UploadId ?? ''
    const part = async (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array) => ({
      PartNumber,
      ETag: (await s3.client.send(new UploadPartCommand({ Bucket: s3.bucket, Key, UploadId, PartNumber, Body }))).ETag,
    })
    const complete = (
      Key: string,
      UploadId: string,
      Parts: { PartNumber: number; ETag: string | undefined }[],
      more = {},
    ) =>
      s3.client.send(
        new CompleteMultipartUploadCommand({ Bucket: s3.bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }),
      )

    it('joins parts in order under an ETag that counts them', async () => {
      const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 1), randomBytes(10)]
      const id = await start('mp/joined')
      const parts = []
      for (const index of [2, 0, 1])
        parts.push(await part('mp/joined', id, index + 1, bodies[index] ?? Buffer.alloc(0)))
      const sorted = parts.sort((a, b) => a.PartNumber - b.PartNumber)
      const listed = await s3.client.send(new ListPartsCommand({ Bucket: s3.bucket, Key: 'mp/joined', UploadId: id }))
      assert.deepEqual(
        listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
        bodies.map((b, i) => [i + 1, b.length]),
      )
      assert.deepEqual(await s3.keys('mp/joined'), [])
      const { ETag } = await complete('mp/joined', id, sorted)
      const expected = createHash('md5')
      for (const body of bodies) expected.update(createHash('md5').update(body).digest())
      assert.equal(ETag, `"${expected.digest('hex')}-3"`)
      assert.ok(Buffer.concat(bodies).equals(await s3.read('mp/joined')))
    })

    it('takes the last body sent for a part number', async () => {
      const id = await start('mp/again')
      await part('mp/again', id, 1, Buffer.from('first'))
      await complete('mp/again', id, [await part('mp/again', id, 1, Buffer.from('second'))])
      assert.equal(await text('mp/again'), 'second')
    })

    it('refuses small parts before the last, unknown parts and unknown uploads', async () => {
      const id = await start('mp/refused')
      const one = await part('mp/refused', id, 1, Buffer.from('small'))
      const two = await part('mp/refused', id, 2, Buffer.from('small too'))
      await assert.rejects(complete('mp/refused', id, [one, two]), { name: 'EntityTooSmall' })
      await assert.rejects(complete('mp/refused', id, [{ ...two, PartNumber: 7 }]), { name: 'InvalidPart' })
      await s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: 'mp/refused', UploadId: id }))
      await assert.rejects(complete('mp/refused', id, [one]), { name: 'NoSuchUpload' })
      await assert.rejects(part('mp/refused', id, 1, Buffer.from('x')), { name: 'NoSuchUpload' })
    })

    it('completes under If-None-Match: * only when there is no such object', async () => {
      await put('mp/taken', 'taken')
      const id = await start('mp/taken')
      const one = await part('mp/taken', id, 1, Buffer.from('x'))
      await assert.rejects(complete('mp/taken', id, [one], { IfNoneMatch: '*' }), { name: 'PreconditionFailed' })
      assert.equal(await text('mp/taken'), 'taken')
      await s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: 'mp/taken', UploadId: id }))
    })

    it('lists uploads in progress', async () => {
      const id = await start('mp/open')
      const listed = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix: 'mp/open' }))
      assert.deepEqual(
        listed.Uploads?.map(({ Key, UploadId }) => [Key, UploadId]),
        [['mp/open', id]],
      )
      await s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: 'mp/open', UploadId: id }))
    })
  })
})
