import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, it } from 'node:test'

import { RecordBatchBuilder, stampBatch } from 'naru/protocol'

import { readHeader } from '../../../embedded/kafka/log/batch-header.ts'
import { markerBatch } from '../../../embedded/kafka/log/control-batch.ts'
import { PartitionLog } from '../../../embedded/kafka/log/partition-log.ts'
import { TailCache } from '../../../embedded/kafka/log/tail-cache.ts'
import { TOPIC_CONFIG_KEYS, topicConfig } from '../../../embedded/kafka/store/topic-config.ts'
import { rawBatch } from './raw-batch.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const dirs: string[] = []

function newDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'naru-log-'))
  dirs.push(dir)
  return dir
}

function open(dir: string, own: Record<string, string> = {}, cacheBytes = 1 << 20): PartitionLog {
  const config = topicConfig(own, (name) => TOPIC_CONFIG_KEYS[name]!.default)
  return PartitionLog.open({ dir, config, tail: new TailCache(cacheBytes), logger: silent })
}

function append(log: PartitionLog, ...batches: Buffer[]): void {
  for (const batch of batches) log.append(batch, Date.now())
  log.flush()
}

/** Base offsets of what a consumer gets that reads on from `offset`. */
function offsetsFrom(log: PartitionLog, offset: number, maxBytes = 1000): number[] {
  const found: number[] = []
  while (offset < log.highWatermark) {
    for (const chunk of log.read(offset, maxBytes, true)) {
      for (let at = 0; at < chunk.length;) {
        const header = readHeader(chunk, at)
        found.push(header.baseOffset)
        at += header.bytes
        offset = header.lastOffset + 1
      }
    }
  }
  return found
}

function activeFile(dir: string): string {
  return path.join(
    dir,
    fs
      .readdirSync(dir)
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1)!,
  )
}

afterEach(() => {
  for (const dir of dirs.splice(0)) fs.rmSync(dir, { recursive: true, force: true })
})

describe('a partition log', () => {
  for (const [where, cacheBytes] of [
    ['memory', 1 << 20],
    ['files', 0],
  ] as const) {
    it(`gives batches back in order over many segments, from ${where}`, () => {
      const log = open(newDir(), { 'segment.bytes': '2000' }, cacheBytes)
      for (let i = 0; i < 50; i++) append(log, rawBatch({ count: 3, payloadBytes: 40 + i * 7 }))
      assert.deepEqual(
        offsetsFrom(log, 0),
        Array.from({ length: 50 }, (_, i) => i * 3),
      )
      assert.deepEqual(offsetsFrom(log, 100).slice(0, 2), [99, 102], 'the batch that holds the offset comes whole')
      log.close()
    })
  }

  it('shows nothing to readers before it was written', () => {
    const log = open(newDir())
    log.append(rawBatch(), 0)
    assert.equal(log.highWatermark, 0)
    assert.equal(log.endOffset, 1)
    assert.deepEqual(log.read(0, 1000, true), [])
    log.flush()
    assert.equal(log.highWatermark, 1)
    log.close()
  })

  it('keeps to maxBytes, but gives one batch that is larger when it may', () => {
    for (const cacheBytes of [0, 1 << 20]) {
      const log = open(newDir(), {}, cacheBytes)
      append(log, rawBatch({ payloadBytes: 200_000 }), rawBatch({ payloadBytes: 500 }), rawBatch({ payloadBytes: 500 }))
      assert.equal(log.read(0, 1000, false).length, 0)
      assert.equal(Buffer.concat(log.read(0, 1000, true)).length, 200_061)
      assert.equal(Buffer.concat(log.read(1, 1000, true)).length, 561)
      assert.equal(Buffer.concat(log.read(1, 2000, true)).length, 2 * 561)
      log.close()
    }
  })

  it('refuses offsets outside of the log', () => {
    const log = open(newDir())
    append(log, rawBatch())
    assert.throws(() => log.read(2, 1000, true), { errorCode: 1 })
    assert.deepEqual(log.read(1, 1000, true), [])
    log.close()
  })

  it('continues after an orderly close without scanning', () => {
    const dir = newDir()
    const before = open(dir, { 'segment.bytes': '1000' })
    for (let i = 0; i < 10; i++) append(before, rawBatch({ payloadBytes: 300 }))
    before.close()
    const after = open(dir, { 'segment.bytes': '1000' }, 0)
    assert.equal(after.highWatermark, 10)
    assert.deepEqual(offsetsFrom(after, 4), [4, 5, 6, 7, 8, 9])
    after.close()
  })

  for (const [damage, harm] of [
    ['half a batch', (bytes: Buffer) => Buffer.concat([bytes, rawBatch().subarray(0, 90)])],
    ['a few bytes of a header', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(11, 1)])],
    ['zeros', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(4096)])],
    [
      'a batch with a wrong CRC',
      (bytes: Buffer) => {
        const wrong = rawBatch()
        wrong.writeBigInt64BE(10n, 0)
        wrong[100] = 0
        return Buffer.concat([bytes, wrong])
      },
    ],
    ['a batch with an offset that was given out', (bytes: Buffer) => Buffer.concat([bytes, rawBatch()])],
  ] as const) {
    it(`cuts ${damage} that a kill left at the end`, () => {
      const dir = newDir()
      const killed = open(dir)
      append(killed, rawBatch({ count: 5 }), rawBatch({ count: 5 }))
      const whole = fs.readFileSync(activeFile(dir))
      fs.writeFileSync(activeFile(dir), harm(whole))

      const log = open(dir)
      assert.equal(log.highWatermark, 10)
      assert.equal(fs.statSync(activeFile(dir)).size, whole.length)
      append(log, rawBatch())
      assert.deepEqual(offsetsFrom(log, 0), [0, 5, 10])
      log.close()
    })
  }

  it('rebuilds producer state from its batches after a kill', () => {
    const dir = newDir()
    const killed = open(dir, { 'segment.bytes': '500' })
    for (let i = 0; i < 9; i++)
      append(killed, rawBatch({ count: 2, producerId: 7, producerEpoch: 1, baseSequence: i * 2 }))

    const log = open(dir, { 'segment.bytes': '500' })
    const retried = readHeader(rawBatch({ count: 2, producerId: 7, producerEpoch: 1, baseSequence: 14 }), 0)
    assert.deepEqual(log.producers.check(retried), { kind: 'duplicate', baseOffset: 14, timestamp: 1_000 })
    const next = readHeader(rawBatch({ count: 2, producerId: 7, producerEpoch: 1, baseSequence: 18 }), 0)
    assert.deepEqual(log.producers.check(next), { kind: 'accepted' })
    log.close()
  })

  it('reads the state that an older version left, which knew of no transactions', () => {
    const dir = newDir()
    const batch = (baseSequence: number) => rawBatch({ count: 2, producerId: 7, producerEpoch: 1, baseSequence })
    const closed = open(dir)
    append(closed, batch(0), batch(2))
    closed.close()
    const file = path.join(dir, 'producers.json')
    const state = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>
    assert.deepEqual(Object.keys(state).sort(), ['endOffset', 'producers', 'transactions'])
    delete state['transactions']
    fs.writeFileSync(file, JSON.stringify(state))

    const log = open(dir)
    assert.equal(log.producers.check(readHeader(batch(2), 0)).kind, 'duplicate')
    assert.equal(log.producers.check(readHeader(batch(6), 0)).kind, 'out-of-order')
    assert.deepEqual([log.lastStableOffset, log.activeProducers[0]?.coordinatorEpoch], [4, -1])
    append(log, batch(4))
    log.close()
    const later = open(dir)
    assert.equal(later.producers.check(readHeader(batch(4), 0)).kind, 'duplicate')
    later.close()
  })

  it('counts what lies in the files once, whatever of it the saved state covers', () => {
    const dir = newDir()
    const builder = new RecordBatchBuilder()
    builder.append(Buffer.from('k'), Buffer.from('v'), undefined, Date.now())
    const stamp = { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true }
    const closed = open(dir)
    append(closed, stampBatch(builder.finish(), stamp))
    append(closed, markerBatch({ producerId: 7, producerEpoch: 0, type: 'abort' }, Date.now()))
    closed.close()
    const killed = open(dir)
    append(killed, rawBatch())

    const log = open(dir)
    assert.equal(log.highWatermark, 3)
    assert.deepEqual(log.abortedTransactions(0, 3), [{ producerId: 7, firstOffset: 0, lastOffset: 1 }])
    log.close()
  })

  it('drops old segments by size', () => {
    const log = open(newDir(), { 'segment.bytes': '1000', 'retention.bytes': '2000', 'retention.ms': '-1' })
    for (let i = 0; i < 10; i++) append(log, rawBatch({ payloadBytes: 500 }))
    log.applyRetention(Date.now(), 1e9)
    assert.ok(log.bytes <= 3000 && log.bytes >= 2000, `${log.bytes}`)
    assert.ok(log.startOffset > 0)
    assert.equal(offsetsFrom(log, log.startOffset).at(-1), 9)
    log.close()
  })

  it('drops old segments by time, the one written to included, and numbers on', () => {
    const dir = newDir()
    const log = open(dir, { 'segment.bytes': '1000', 'retention.ms': '60000' })
    for (let i = 0; i < 4; i++) append(log, rawBatch({ payloadBytes: 600, timestamp: i * 1000 }))
    log.applyRetention(62_500, 1e9)
    assert.equal(log.startOffset, 3)
    log.applyRetention(100_000, 1e9)
    assert.deepEqual([log.startOffset, log.highWatermark], [4, 4])
    assert.equal(log.append(rawBatch(), 0).baseOffset, 4)
    log.close()
    assert.equal(open(dir).startOffset, 4)
  })

  it('keeps everything of a topic that is only compacted', () => {
    const log = open(newDir(), { 'segment.bytes': '1000', 'retention.ms': '0', 'cleanup.policy': 'compact' })
    for (let i = 0; i < 4; i++) append(log, rawBatch({ payloadBytes: 600 }))
    log.applyRetention(Date.now(), 1e9)
    assert.equal(log.startOffset, 0)
    log.close()
  })

  it('deletes records on demand and remembers it over a kill', () => {
    const dir = newDir()
    const log = open(dir)
    append(log, rawBatch({ count: 10 }), rawBatch({ count: 10 }))
    log.deleteRecordsBefore(13)
    assert.throws(() => log.read(12, 1000, true), { errorCode: 1 })
    const after = open(dir)
    assert.equal(after.startOffset, 13)
    assert.deepEqual(offsetsFrom(after, 13), [10])
    after.deleteRecordsBefore(20)
    const empty = open(dir)
    assert.deepEqual([empty.startOffset, empty.highWatermark], [20, 20])
    empty.close()
  })

  it('finds the batch of a time', () => {
    for (const segmentBytes of ['700', '1000000']) {
      const log = open(newDir(), { 'segment.bytes': segmentBytes })
      for (let i = 0; i < 200; i++) append(log, rawBatch({ timestamp: i * 10, payloadBytes: 300 }))
      assert.equal(readHeader(log.batchAtTimestamp(995)!, 0).baseOffset, 100)
      assert.equal(readHeader(log.batchAtTimestamp(0)!, 0).baseOffset, 0)
      assert.equal(log.batchAtTimestamp(1991), undefined)
      log.close()
    }
  })

  it('stamps the time of arrival when the topic says so, with a right CRC', () => {
    const dir = newDir()
    const log = open(dir, { 'message.timestamp.type': 'LogAppendTime' })
    assert.deepEqual(log.append(rawBatch({ timestamp: 5 }), 77_000), { baseOffset: 0, logAppendTime: 77_000 })
    log.flush()
    const header = readHeader(log.read(0, 1000, true)[0]!, 0)
    assert.deepEqual([header.maxTimestamp, header.attributes], [77_000, 8])
    const recovered = open(dir)
    assert.equal(recovered.highWatermark, 1, 'recovery checks the CRC')
    recovered.close()
  })

  it('never holds more in memory than the cache may', () => {
    const tail = new TailCache(100_000)
    const config = topicConfig({}, (name) => TOPIC_CONFIG_KEYS[name]!.default)
    const logs = [0, 1].map(() => PartitionLog.open({ dir: newDir(), config, tail, logger: silent }))
    for (let i = 0; i < 200; i++) append(logs[i % 2]!, rawBatch({ payloadBytes: 2000 }))
    assert.ok(tail.bytes <= 100_000)
    for (const log of logs) assert.equal(offsetsFrom(log, 0).length, 100)
    for (const log of logs) log.close()
    assert.equal(tail.bytes, 0)
  })
})
