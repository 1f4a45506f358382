import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COMPRESSION_TYPES, decompress } from '../../../runtime/kafka/records/compression.ts'
import { crc32c, crc32cJs } from '../../../runtime/kafka/records/crc32c.ts'
import { BATCH_HEADER } from '../../../runtime/kafka/records/record-batch.ts'
import { RecordBatchBuilder, recordSizeBound, stampBatch } from '../../../runtime/kafka/records/record-batch-builder.ts'
import { CorruptBatchError, readBatches } from '../../../runtime/kafka/records/record-batch-reader.ts'
import { sizeOfVarint, writeVarint } from '../../../runtime/kafka/records/varint.ts'

const READ = { topic: 't', partition: 3, from: 0, checkCrc: true } as const

describe('record batch', () => {
  test('a batch of one record has the documented bytes', () => {
    const builder = new RecordBatchBuilder(64)
    builder.append(Buffer.from('k'), Buffer.from('v'), undefined, 1_000)
    const batch = stampBatch(builder.finish())
    const records = '10' + '00' + '00' + '00' + '02' + '6b' + '02' + '76' + '00'
    assert.equal(batch.subarray(BATCH_HEADER.size).toString('hex'), records)
    assert.equal(
      batch.subarray(BATCH_HEADER.attributes, BATCH_HEADER.size).toString('hex'),
      '0000' +
        '00000000' +
        '00000000000003e8' +
        '00000000000003e8' +
        'ffffffffffffffff' +
        'ffff' +
        'ffffffff' +
        '00000001',
    )
    assert.equal(batch.readInt32BE(8), batch.length - 12)
    assert.equal(batch.readUInt32BE(BATCH_HEADER.crc), crc32cJs(batch.subarray(BATCH_HEADER.attributes)))
  })

  for (const compression of COMPRESSION_TYPES) {
    test(`records come back as they were written, ${compression}`, () => {
      const builder = new RecordBatchBuilder(64)
      for (let i = 0; i < 5_000; i++)
        builder.append(
          i % 7 === 0 ? null : Buffer.from(`key-${i}`),
          i % 11 === 0 ? null : Buffer.from(`value ${'x'.repeat(i % 300)}`),
          i % 3 === 0
            ? [
                { key: 'größe', value: Buffer.from([i & 0xff]) },
                { key: 'none', value: null },
              ]
            : undefined,
          1_700_000_000_000 + (i % 2 === 0 ? i * 1_000_000 : -i),
        )
      const { records, nextOffset } = readBatches(stampBatch(builder.finish(compression)), READ)
      assert.equal(nextOffset, 5_000)
      for (const [i, record] of records.entries()) {
        assert.equal(record.offset, i)
        assert.equal(record.key?.toString(), i % 7 === 0 ? undefined : `key-${i}`)
        assert.equal(record.value?.toString(), i % 11 === 0 ? undefined : `value ${'x'.repeat(i % 300)}`)
        assert.equal(record.timestamp, 1_700_000_000_000 + (i % 2 === 0 ? i * 1_000_000 : -i))
        assert.deepEqual(
          record.headers.map((header) => [header.key, header.value?.[0] ?? null]),
          i % 3 === 0
            ? [
                ['größe', i & 0xff],
                ['none', null],
              ]
            : [],
        )
      }
    })
  }

  test('a flipped bit is found by the CRC', () => {
    const builder = new RecordBatchBuilder()
    builder.append(null, Buffer.from('value'), undefined, 0)
    const batch = stampBatch(builder.finish())
    batch[batch.length - 2]! ^= 1
    assert.throws(() => readBatches(batch, READ), CorruptBatchError)
    assert.equal(readBatches(batch, { ...READ, checkCrc: false }).records.length, 1)
  })

  test('a batch cut off at the end waits for the next fetch', () => {
    const one = new RecordBatchBuilder()
    one.append(null, Buffer.from('a'), undefined, 0)
    const first = stampBatch(one.finish())
    const whole = Buffer.concat([first, first])
    for (let cut = first.length; cut < whole.length; cut++) {
      const { records, nextOffset } = readBatches(whole.subarray(0, cut), READ)
      assert.equal(records.length, 1)
      assert.equal(nextOffset, 1)
    }
  })

  test('records before the offset asked for are left out, control batches only move the offset', () => {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 10; i++) builder.append(null, Buffer.from(String(i)), undefined, 0)
    const batch = stampBatch(builder.finish())
    const { records } = readBatches(batch, { ...READ, from: 7 })
    assert.deepEqual(
      records.map((record) => record.offset),
      [7, 8, 9],
    )
    batch.writeInt16BE(0x20, BATCH_HEADER.attributes)
    assert.deepEqual(readBatches(batch, { ...READ, checkCrc: false }), { records: [], nextOffset: 10 })
  })

  test('a stamp sets the producer identity and a fitting CRC', () => {
    const builder = new RecordBatchBuilder()
    builder.append(null, Buffer.from('a'), undefined, 0)
    const batch = stampBatch(builder.finish())
    stampBatch(batch, { producerId: 2 ** 40 + 5, producerEpoch: 7, baseSequence: 99, transactional: true })
    let seen: unknown
    readBatches(batch, { ...READ, skip: (header) => ((seen = header), false) })
    const { producerId, producerEpoch, baseSequence, attributes } = seen as Record<string, number>
    assert.deepEqual([producerId, producerEpoch, baseSequence, attributes], [2 ** 40 + 5, 7, 99, 0x10])
  })

  test('the size bound is never too small', () => {
    const headers = [
      { key: 'é', value: Buffer.alloc(200) },
      { key: '', value: null },
    ]
    const builder = new RecordBatchBuilder(61)
    for (let i = 0; i < 300; i++) {
      const before = builder.length
      const value = Buffer.alloc(i * 50)
      builder.append(null, value, headers, i * 2 ** 33)
      assert.ok(builder.length - before <= recordSizeBound(null, value, headers))
    }
  })
})

describe('varint', () => {
  test('size and bytes agree over the whole range', () => {
    const buffer = Buffer.alloc(16)
    for (let exponent = 0; exponent < 52; exponent++)
      for (const value of [2 ** exponent - 1, 2 ** exponent, -(2 ** exponent), -(2 ** exponent) - 1]) {
        const end = writeVarint(buffer, value, 0)
        assert.equal(end, sizeOfVarint(value), String(value))
        let zigzag = 0n
        for (let i = end - 1; i >= 0; i--) zigzag = (zigzag << 7n) | BigInt(buffer[i]! & 0x7f)
        assert.equal((zigzag >> 1n) ^ -(zigzag & 1n), BigInt(value))
      }
  })
})

describe('CRC32C', () => {
  // RFC 3720, B.4
  test('matches the published vectors, native and JavaScript', () => {
    const vectors: readonly (readonly [Buffer, number])[] = [
      [Buffer.alloc(32), 0x8a9136aa],
      [Buffer.alloc(32, 0xff), 0x62a8ab43],
      [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
      [Buffer.from('123456789'), 0xe3069283],
    ]
    for (const [bytes, sum] of vectors) {
      assert.equal(crc32c(bytes), sum)
      assert.equal(crc32cJs(bytes), sum)
    }
  })
})

describe('snappy', () => {
  test('raw blocks without the xerial framing are read too', () => {
    // "abc" as one raw snappy block: length 3, literal of 3
    assert.equal(decompress(2, Buffer.from('0308616263', 'hex')).toString(), 'abc')
  })
})
