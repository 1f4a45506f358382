import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { ENCODED, schema } from 'naru/api'
import type { EncodedValue, SinkRecord } from 'naru/api'
import { records, S3SinkDriver } from './support/s3-sink-driver.ts'
import { isExternal, s3Target } from './support/s3-target.ts'
import type { S3Target } from './support/s3-target.ts'

const HOUR = 3_600_000
const hourly = {
  'partitioner.class': 'io.confluent.connect.storage.partitioner.HourlyPartitioner',
  locale: 'en',
  timezone: 'UTC',
  'timestamp.extractor': 'Record',
  'flush.size': '1000',
}
const fields = (names: string) => ({
  'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
  'partition.field.name': names,
})
const lines = (...offsets: readonly number[]): string => offsets.map((offset) => `{"offset":${offset}}\n`).join('')

/** The objects of the topic as `folder@start: offset,offset…`. */
async function objects(s3: S3Target): Promise<readonly string[]> {
  const keys = await s3.keys('topics/orders/')
  return Promise.all(
    keys.map(async (key) => {
      const [, folder, start] = /^topics\/orders\/(.*)\/orders\+\d+\+(\d+)\./.exec(key) ?? []
      const content = (await s3.text(key)).trimEnd().split('\n')
      return `${folder}@${Number(start)}: ${content.map((line) => (JSON.parse(line) as { offset: number }).offset).join()}`
    }),
  )
}

describe(`S3 sink into ${isExternal ? 'the external server' : 'the embedded server'}`, () => {
  it('writes objects of flush.size records and commits only what is in them', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3)
    await sink.put(records(0, 2))
    assert.deepEqual(await sink.committable(), {})
    await sink.put(records(2, 7))
    assert.deepEqual(await sink.committable(), { 0: 6 })
    assert.deepEqual(await s3.keys(), [
      'topics/orders/partition=0/orders+0+0000000000.json',
      'topics/orders/partition=0/orders+0+0000000003.json',
    ])
    assert.equal(await s3.text('topics/orders/partition=0/orders+0+0000000003.json'), lines(3, 4, 5))
  })

  it('writes the same objects again after a crash, with the same content', async () => {
    await using s3 = await s3Target()
    const props = { ...fields('kind'), 'flush.size': '4', 's3.compression.type': 'gzip' }
    const kinds = (offset: number) => ({ value: { offset, kind: offset % 3 } })
    {
      await using first = await S3SinkDriver.start(s3, props)
      await first.put(records(0, 10, kinds))
      assert.deepEqual(await first.committable(), { 0: 8 })
    }
    const before = await objects(s3)
    await using second = await S3SinkDriver.start(s3, props)
    // its predecessor's last commit was lost, and the batches are cut elsewhere
    for (const [from, to] of [
      [0, 1],
      [1, 6],
      [6, 8],
    ] as const)
      await second.put(records(from, to, kinds))
    assert.deepEqual(await second.committable(), { 0: 8 })
    assert.deepEqual(await objects(s3), before)
    assert.deepEqual(before, [
      'kind=0@0: 0,3', 'kind=0@6: 6', 'kind=1@1: 1', 'kind=1@4: 4,7', 'kind=2@2: 2', 'kind=2@5: 5',
    ]) // prettier-ignore
  })

  it('closes all folders of a Kafka partition together', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, { ...fields('v'), 'flush.size': '9' })
    await sink.put(records(0, 11, (offset) => ({ value: { offset, v: 16 + (offset % 3) } })))
    assert.deepEqual(await sink.committable(), { 0: 9 })
    assert.deepEqual(await objects(s3), ['v=16@0: 0,3,6', 'v=17@1: 1,4,7', 'v=18@2: 2,5,8'])
  })

  it('keeps Kafka partitions apart, interleaved or not', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, {}, [0, 1])
    const a = records(9, 15)
    const b = records(0, 4, () => ({ partition: 1 }))
    const mixed: SinkRecord[] = []
    a.forEach((record, index) => mixed.push(record, ...b.slice(index, index + 1)))
    await sink.put(mixed)
    assert.deepEqual(await sink.committable(), { 0: 15, 1: 3 })
    assert.deepEqual(await objects(s3), ['partition=0@9: 9,10,11', 'partition=0@12: 12,13,14', 'partition=1@0: 0,1,2'])
  })

  it('rotates by the time of records, the late one in the next object', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, { ...hourly, 'rotate.interval.ms': '60000' })
    await sink.put(records(0, 5, (offset) => ({ timestamp: offset * 20_000 })))
    assert.deepEqual(await sink.committable(), { 0: 3 })
    await sink.put()
    assert.deepEqual(await objects(s3), ['year=1970/month=01/day=01/hour=00@0: 0,1,2'])
  })

  const minutes = [600, 598, 609, 595, 610, 1300]
  it('rotates at every change of the hour by default', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, { ...hourly, 'rotate.interval.ms': String(10 * 60_000) })
    await sink.put(records(0, 5, (offset) => ({ timestamp: (minutes[offset] ?? 0) * 60_000 })))
    assert.deepEqual(await sink.committable(), { 0: 4 })
    const hour = 'year=1970/month=01/day=01/hour'
    assert.deepEqual(await objects(s3), [`${hour}=09@1: 1`, `${hour}=09@3: 3`, `${hour}=10@0: 0`, `${hour}=10@2: 2`])
  })

  it('keeps both hours open when rotation on partition change is off', async () => {
    await using s3 = await s3Target()
    const props = { ...hourly, 'rotate.interval.ms': String(10 * 60_000), 'rotate.file.on.partition.change': 'false' }
    await using sink = await S3SinkDriver.start(s3, props)
    await sink.put(records(0, 5, (offset) => ({ timestamp: (minutes[offset] ?? 0) * 60_000 })))
    assert.deepEqual(await sink.committable(), { 0: 4 })
    const hour = 'year=1970/month=01/day=01/hour'
    assert.deepEqual(await objects(s3), [`${hour}=09@1: 1,3`, `${hour}=10@0: 0,2`])
  })

  it('rotates by the clock without new records, and says when to wake it', async () => {
    await using s3 = await s3Target()
    const props = { 'rotate.schedule.interval.ms': '300', timezone: 'UTC', 'flush.size': '1000' }
    await using sink = await S3SinkDriver.start(s3, props)
    await sink.put()
    await sink.put(records(0, 2))
    assert.ok((sink.timeouts.at(-1) ?? Infinity) <= 300)
    await sink.committed(2)
    assert.equal((await objects(s3)).map((object) => object.replace(/.*: /, '')).join(), '0,1')
  })

  it('begins a new object when the schema changes', async () => {
    await using s3 = await s3Target()
    const one = schema.struct({ offset: schema.int32() })
    const same = schema.struct({ offset: schema.int32() })
    const two = schema.struct({ offset: schema.int32(), more: schema.string({ optional: true }) })
    await using sink = await S3SinkDriver.start(s3, { 'flush.size': '100' })
    const schemas = [one, same, two, two, undefined]
    await sink.put(records(0, 5, (offset) => ({ valueSchema: schemas[offset] })))
    assert.deepEqual(await sink.committable(), { 0: 4 })
    assert.deepEqual(await objects(s3), ['partition=0@0: 0,1', 'partition=0@2: 2,3'])
  })

  it('skips null values when told to, and commits past them', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, { 'behavior.on.null.values': 'ignore', 'errors.tolerance': 'all' })
    await sink.put(records(0, 5, (offset) => (offset === 1 || offset === 4 ? { value: null } : {})))
    assert.deepEqual(await sink.committable(), { 0: 5 })
    assert.deepEqual(await objects(s3), ['partition=0@0: 0,2,3'])
    assert.deepEqual(
      sink.errors.map(({ record }) => record.offset),
      [1, 4],
    )
  })

  it('fails on a null value by default, naming the record', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3)
    await assert.rejects(sink.put(records(7, 8, () => ({ value: null }))), /orders-0@7.*set ignore or write/)
  })

  it('writes keys and headers beside the values, and tombstones as keys', async () => {
    await using s3 = await s3Target()
    const json = 'io.confluent.connect.s3.format.json.JsonFormat'
    const props = {
      'store.kafka.keys': 'true',
      'store.kafka.headers': 'true',
      'keys.format.class': json,
      'headers.format.class': json,
      'behavior.on.null.values': 'write',
      'errors.tolerance': 'all',
    }
    await using sink = await S3SinkDriver.start(s3, props)
    const headers = [{ key: 'h', schema: undefined, value: 7 }]
    await sink.put(
      records(0, 4, (offset) => ({
        headers,
        ...(offset === 1 && { value: null }),
        ...(offset === 2 && { key: null }),
      })),
    )
    assert.deepEqual(await sink.committable(), { 0: 4 })
    assert.deepEqual(await s3.keys(), [
      'topics/orders/partition=0/orders+0+0000000000.headers.json',
      'topics/orders/partition=0/orders+0+0000000000.json',
      'topics/orders/partition=0/orders+0+0000000000.keys.json',
      'topics/orders/tombstone/orders+0+0000000001.headers.json',
      'topics/orders/tombstone/orders+0+0000000001.keys.json',
    ])
    assert.equal(await s3.text('topics/orders/partition=0/orders+0+0000000000.keys.json'), '"k0"\n"k3"\n')
    assert.equal(await s3.text('topics/orders/tombstone/orders+0+0000000001.keys.json'), '"k1"\n')
    const header = '{"headers":[{"key":"h","value":"7"}]}\n'
    assert.equal(await s3.text('topics/orders/partition=0/orders+0+0000000000.headers.json'), header + header)
    assert.match(sink.errors[0]?.error.message ?? '', /Key cannot be null for SinkRecord: orders-0@2/)
  })

  it('sends records that do not fit to the dead letter queue, or fails', async () => {
    await using s3 = await s3Target()
    const partition = (offset: number) => ({ value: offset === 1 ? { offset } : { offset, kind: 'a' } })
    await using tolerant = await S3SinkDriver.start(s3, { ...fields('kind'), 'errors.tolerance': 'all' })
    await tolerant.put(records(0, 4, partition))
    assert.deepEqual(await tolerant.committable(), { 0: 4 })
    assert.deepEqual(await objects(s3), ['kind=a@0: 0,2,3'])
    assert.equal(tolerant.errors.length, 1)
    await using strict = await S3SinkDriver.start(s3, fields('kind'))
    await assert.rejects(strict.put(records(0, 4, partition)), { code: 'DATA' })
  })

  it('copies encoded JSON without looking into it', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3)
    const text = (offset: number) => `{ "offset" :${offset}, "n": 12345678901234567890 }`
    const encoded = (offset: number): EncodedValue => ({
      [ENCODED]: true,
      schema: undefined,
      decode: () => assert.fail('nobody asked for fields'),
      writeJson: (out) => out.utf8(text(offset)),
    })
    await sink.put(records(0, 3, (offset) => ({ value: encoded(offset) })))
    await sink.committed(3)
    assert.equal(
      await s3.text('topics/orders/partition=0/orders+0+0000000000.json'),
      `${text(0)}\n${text(1)}\n${text(2)}\n`,
    )
  })

  it('writes bytes with their separator, and refuses what is not bytes', async () => {
    await using s3 = await s3Target()
    const props = {
      'format.class': 'io.confluent.connect.s3.format.bytearray.ByteArrayFormat',
      'format.bytearray.extension': '.txt',
      'format.bytearray.separator': '|\n',
      's3.compression.type': 'gzip',
    }
    await using sink = await S3SinkDriver.start(s3, props)
    await sink.put(records(0, 3, (offset) => ({ value: Buffer.from(`b${offset}`) })))
    await sink.committed(3)
    assert.equal(await s3.text('topics/orders/partition=0/orders+0+0000000000.txt.gz'), 'b0|\nb1|\nb2|\n')
    await assert.rejects(sink.put(records(3, 4)), /value of orders-0@3 is none: set value\.converter=/)
  })

  for (const compression of ['none', 'gzip'])
    it(`uploads a large object in parts (${compression})`, async () => {
      await using s3 = await s3Target()
      const props = {
        'flush.size': '12',
        's3.part.size': String(5 * 1024 * 1024),
        's3.compression.type': compression,
        's3.compression.level': '1',
      }
      await using sink = await S3SinkDriver.start(s3, props)
      const values = Array.from({ length: 12 }, () => randomBytes(1_000_000).toString('hex'))
      for (let offset = 0; offset < 12; offset++)
        await sink.put(records(offset, offset + 1, () => ({ value: values[offset] })))
      await sink.committed(12)
      const [key = '', ...others] = await s3.keys()
      assert.deepEqual(others, [])
      assert.equal(await s3.text(key), values.map((value) => `"${value}"\n`).join(''))
    })

  it('leaves the partitions that stay alone when others are closed', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, {}, [0, 1])
    await sink.put([...records(0, 2), ...records(0, 2, () => ({ partition: 1 }))])
    await sink.task.close([{ topic: 'orders', partition: 1 }])
    await sink.put(records(2, 3))
    assert.deepEqual(await sink.committable(), { 0: 3 })
    assert.deepEqual(await objects(s3), ['partition=0@0: 0,1,2'])
    await sink.task.open([{ topic: 'orders', partition: 1 }])
    await sink.put(records(0, 3, () => ({ partition: 1 })))
    assert.deepEqual(await sink.committable(), { 0: 3, 1: 3 })
  })

  it('uploads nothing of open objects when it stops', async () => {
    await using s3 = await s3Target()
    {
      await using sink = await S3SinkDriver.start(s3, { 'flush.size': '10' })
      await sink.put(records(0, 9))
    }
    assert.deepEqual(await s3.keys(), [])
  })

  it('says which topic was renamed by a transformation', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3)
    await assert.rejects(
      sink.put(records(0, 1, () => ({ topic: 'renamed' }))),
      /No writer found for topic partition renamed-0.*orders/,
    )
  })

  it('keeps the hour of a record whatever the day of its neighbours', async () => {
    await using s3 = await s3Target()
    await using sink = await S3SinkDriver.start(s3, { ...hourly, 'flush.size': '4' })
    await sink.put(records(0, 4, (offset) => ({ timestamp: [0, 25 * HOUR, HOUR, 0][offset] })))
    await sink.committed(4)
    assert.deepEqual(await objects(s3), [
      'year=1970/month=01/day=01/hour=00@0: 0,3',
      'year=1970/month=01/day=01/hour=01@2: 2',
      'year=1970/month=01/day=02/hour=01@1: 1',
    ])
  })
})
