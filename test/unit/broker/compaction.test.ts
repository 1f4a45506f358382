import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, it } from 'node:test'

import { readBatches, RecordBatchBuilder, stampBatch } from 'naru/protocol'
import type { CompressionType } from 'naru/protocol'

import { markerBatch } from '../../../embedded/kafka/log/control-batch.ts'
import { PartitionLog } from '../../../embedded/kafka/log/partition-log.ts'
import { TailCache } from '../../../embedded/kafka/log/tail-cache.ts'
import { TOPIC_CONFIG_KEYS, topicConfig } from '../../../embedded/kafka/store/topic-config.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const dirs: string[] = []
const MEMORY = 1 << 24

function newDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'naru-compaction-'))
  dirs.push(dir)
  return dir
}

const EAGER = { 'cleanup.policy': 'compact', 'segment.bytes': '2000', 'min.cleanable.dirty.ratio': '0' }

function open(dir: string, own: Record<string, string> = {}): PartitionLog {
  const config = topicConfig({ ...EAGER, ...own }, (name) => TOPIC_CONFIG_KEYS[name]!.default)
  return PartitionLog.open({ dir, config, tail: new TailCache(1 << 20), logger: silent })
}

interface Stamp {
  readonly producerId: number
  readonly baseSequence: number
}

type Entry = readonly [key: string, value: string | null]

function batch(entries: readonly Entry[], compression: CompressionType = 'none', stamp?: Stamp): Buffer {
  const builder = new RecordBatchBuilder()
  const headers = [{ key: 'h', value: Buffer.from('1') }]
  for (const [key, value] of entries) {
    builder.append(Buffer.from(key), value === null ? null : Buffer.from(value), headers, Date.now())
  }
  const identity = stamp && { ...stamp, producerEpoch: 0, transactional: true }
  return stampBatch(builder.finish(compression), identity)
}

function append(log: PartitionLog, ...batches: Buffer[]): void {
  for (const one of batches) log.append(one, Date.now())
  log.flush()
}

interface Content {
  readonly records: readonly (readonly [offset: number, key: string, value: string | null])[]
  readonly markers: number
}

/** All that a reader gets, aborted records left out; checks CRCs and that offsets grow. */
function content(log: PartitionLog, from = log.startOffset): Content {
  const records: [number, string, string | null][] = []
  let markers = 0
  for (let offset = from; offset < log.lastStableOffset;) {
    const chunks = log.read(offset, 700, true, log.lastStableOffset)
    assert.ok(chunks.length > 0, `nothing at ${offset}, the log ends at ${log.highWatermark}`)
    const aborted = log.abortedTransactions(offset, log.lastStableOffset)
    for (const chunk of chunks) {
      const read = readBatches(chunk, {
        ...{ topic: 't', partition: 0, from: offset, checkCrc: true },
        skip: ({ producerId, baseOffset, attributes }) => {
          if ((attributes & 0x20) !== 0) markers++
          const isIts = (a: (typeof aborted)[number]) =>
            a.producerId === producerId && a.firstOffset <= baseOffset && baseOffset < a.lastOffset
          return (attributes & 0x10) !== 0 && aborted.some(isIts)
        },
      })
      for (const record of read.records) {
        assert.equal(record.headers[0]!.key, 'h')
        assert.ok(record.offset > (records.at(-1)?.[0] ?? -1))
        records.push([record.offset, record.key!.toString(), record.value?.toString() ?? null])
      }
      assert.ok(read.nextOffset > offset)
      offset = read.nextOffset
    }
  }
  return { records, markers }
}

function fold(log: PartitionLog): ReadonlyMap<string, string> {
  const folded = new Map<string, string>()
  for (const [, key, value] of content(log).records) {
    if (value === null) folded.delete(key)
    else folded.set(key, value)
  }
  return new Map([...folded].sort())
}

/** A generator of numbers in 0 … n - 1, the same for the same seed. */
function random(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

afterEach(() => {
  for (const dir of dirs.splice(0)) fs.rmSync(dir, { recursive: true, force: true })
})

describe('compaction', () => {
  it('keeps the last record of each key under its offset, and leaves the active segment alone', async () => {
    const log = open(newDir())
    for (let i = 0; i < 60; i++) append(log, batch([[`k${i % 3}`, `${i} ${'x'.repeat(100)}`]]))
    const before = content(log).records
    await log.clean({ memoryBytes: MEMORY })
    const after = content(log).records
    assert.ok(after.length < 25, `${after.length} of 60 are left`)
    for (const record of after) assert.deepEqual(record, before[record[0]])
    assert.deepEqual(after.at(-1), before.at(-1))
    assert.ok(log.bytes < 5000)
    log.close()
  })

  it('waits for the dirty ratio, the lag and the last stable offset', async () => {
    const fill = (log: PartitionLog, n: number): void => {
      for (let i = 0; i < n; i++) append(log, batch([['k', 'x'.repeat(100)]]))
    }
    const cleans = async (own: Record<string, string>, prepare: (log: PartitionLog) => void): Promise<boolean> => {
      const log = open(newDir(), own)
      prepare(log)
      const before = log.bytes
      await log.clean({ memoryBytes: MEMORY })
      const cleaned = log.bytes < before
      log.close()
      return cleaned
    }
    assert.equal(await cleans({}, (log) => fill(log, 40)), true)
    assert.equal(await cleans({ 'min.compaction.lag.ms': '60000' }, (log) => fill(log, 40)), false)
    assert.equal(await cleans({ 'cleanup.policy': 'delete' }, (log) => fill(log, 40)), false)
    assert.equal(await cleans({}, (log) => fill(log, 3)), false)
    const transactional = (log: PartitionLog): void => {
      append(log, batch([['t', 'open']], 'none', { producerId: 7, baseSequence: 0 }))
      fill(log, 40)
    }
    assert.equal(await cleans({}, transactional), false)

    const log = open(newDir(), { 'min.cleanable.dirty.ratio': '0.5' })
    for (let i = 0; i < 200; i++) append(log, batch([[`only-${i}`, 'x'.repeat(100)]]))
    await log.clean({ memoryBytes: MEMORY })
    fill(log, 30)
    const { bytes } = log
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(log.bytes, bytes, 'less than half is dirty')
    fill(log, 300)
    await log.clean({ memoryBytes: MEMORY })
    assert.ok(log.bytes < bytes + 3000)
    log.close()
  })

  it('keeps tombstones for delete.retention.ms from their first cleaning on', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const dir = newDir()
    let log = open(dir, { 'delete.retention.ms': '1000' })
    const values = (): (string | null)[] => content(log).records.map(([, , value]) => value)
    append(log, batch([['gone', 'x'.repeat(2000)]]), batch([['gone', null]]))
    for (let i = 0; i < 5; i++) append(log, batch([['k', 'x'.repeat(1500)]]))
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(values().filter((value) => value === null).length, 1)
    log.close()
    log = open(dir, { 'delete.retention.ms': '1000' })
    t.mock.timers.tick(900)
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(values().filter((value) => value === null).length, 1)
    t.mock.timers.tick(200)
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(values().filter((value) => value === null).length, 0, 'although nothing new was written')
    log.close()
  })

  it('drops what was aborted, and markers when tombstones would go', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const log = open(newDir(), { 'delete.retention.ms': '1000' })
    const transaction = (producerId: number, sequence: number, type: 'commit' | 'abort', value: string): void => {
      append(log, batch([['t', value]], 'none', { producerId, baseSequence: sequence }))
      append(log, markerBatch({ producerId, producerEpoch: 0, type }, Date.now()))
    }
    transaction(1, 0, 'commit', 'first')
    transaction(1, 1, 'abort', 'never')
    for (let i = 0; i < 40; i++) append(log, batch([['k', 'x'.repeat(100)]]))
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(fold(log).get('t'), 'first')
    assert.equal(content(log).markers, 2)
    assert.equal(log.abortedTransactions(0, 10).length, 1)
    t.mock.timers.tick(1100)
    await log.clean({ memoryBytes: MEMORY })
    assert.equal(content(log).markers, 0)
    assert.deepEqual(log.abortedTransactions(0, 10), [])
    transaction(1, 2, 'commit', 'last')
    assert.equal(fold(log).get('t'), 'last', 'later records of the same producer are not taken for aborted ones')
    log.close()
  })

  it('goes in steps when not all keys have room', async () => {
    const log = open(newDir())
    for (let i = 0; i < 300; i++) append(log, batch([[`k${i % 50}`, `${i} ${'x'.repeat(50)}`]]))
    const before = fold(log)
    for (let i = 0; i < 40; i++) {
      await log.clean({ memoryBytes: 20 * 128 })
      assert.deepEqual(fold(log), before)
    }
    assert.ok(content(log).records.length < 180)
    log.close()
  })

  it('gives way to retention, deletion of records and close() while it works', async () => {
    const log = open(newDir(), { 'cleanup.policy': 'compact,delete', 'retention.bytes': '3000' })
    for (let i = 0; i < 60; i++) append(log, batch([[`k${i % 3}`, `${i} ${'x'.repeat(100)}`]]))
    const cleaning = log.clean({ memoryBytes: MEMORY, sliceBytes: 100 })
    log.applyRetention(Date.now(), 1e9)
    log.deleteRecordsBefore(log.startOffset + 1)
    await cleaning
    assert.equal(fold(log).size, 3)
    append(log, batch([['k1', 'x'.repeat(5000)]]), batch([['k2', 'y']]))
    const again = log.clean({ memoryBytes: MEMORY, sliceBytes: 100 })
    log.close()
    await again
  })

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`leaves the same fold by key over random writes and restarts (seed ${seed})`, async () => {
      const next = random(seed)
      const dir = newDir()
      const own = { 'delete.retention.ms': String(next(2) * 100_000), 'segment.bytes': String(1000 + next(3000)) }
      let log = open(dir, own)
      const expected = new Map<string, string>()
      const sequences = [0, 0, 0]
      let written = 0
      for (let step = 0; step < 120; step++) {
        const entries = Array.from({ length: 1 + next(5) }, (): Entry => {
          const value = next(5) === 0 ? null : `${written++} ${'x'.repeat(next(120))}`
          return [`key-${next(12)}${'-long'.repeat(next(2) * 10)}`, value]
        })
        const compression = (['none', 'gzip', 'zstd', 'lz4', 'snappy'] as const)[next(5)]!
        const aborted = next(4) === 0
        if (next(2) === 0) append(log, batch(entries, compression))
        else {
          const producerId = next(3)
          append(log, batch(entries, compression, { producerId, baseSequence: sequences[producerId]! }))
          sequences[producerId]! += entries.length
          const type = aborted ? 'abort' : 'commit'
          append(log, markerBatch({ producerId, producerEpoch: 0, type }, Date.now()))
          if (aborted) continue
        }
        for (const [key, value] of entries) {
          if (value === null) expected.delete(key)
          else expected.set(key, value)
        }
        if (next(10) === 0) await log.clean({ memoryBytes: next(3) === 0 ? 1000 : MEMORY })
        if (next(15) === 0) {
          log.close()
          log = open(dir, own)
        }
      }
      const { endOffset } = log
      await log.clean({ memoryBytes: MEMORY })
      assert.deepEqual(fold(log), new Map([...expected].sort()))
      log.close()
      for (const name of fs.readdirSync(dir)) if (name.endsWith('.index')) fs.rmSync(path.join(dir, name))
      log = open(dir, own)
      assert.deepEqual(fold(log), new Map([...expected].sort()), 'also from the files alone')
      assert.equal(log.endOffset, endOffset)
      log.close()
    })
  }

  it('is finished, or as if it had never begun, when killed in between', async () => {
    const dir = newDir()
    let log = open(dir)
    for (let i = 0; i < 60; i++) append(log, batch([[`k${i % 3}`, `${i} ${'x'.repeat(100)}`]]))
    const expected = fold(log)
    log.close()
    const before = newDir()
    fs.cpSync(dir, before, { recursive: true })
    log = open(dir, { 'segment.bytes': '100000' })
    const [first, ...others] = fs
      .readdirSync(dir)
      .filter((name) => name.endsWith('.log'))
      .sort()
    const active = others.at(-1)!
    await log.clean({ memoryBytes: MEMORY })
    log.close()
    assert.deepEqual(
      fs.readdirSync(dir).filter((name) => name.endsWith('.log')),
      [first, active],
      'small segments were joined',
    )
    const cleaned = path.join(dir, first!)
    const end = Number(active.slice(0, 20))
    for (const removed of [0, 1, others.length - 1]) {
      const broken = newDir()
      fs.cpSync(before, broken, { recursive: true })
      fs.copyFileSync(cleaned, path.join(broken, `0-${end}.swap`))
      for (const name of others.slice(0, removed)) fs.rmSync(path.join(broken, name))
      fs.writeFileSync(path.join(broken, `0-${end}.cleaned`), 'half of')
      const found = open(broken)
      assert.deepEqual(fold(found), expected)
      found.close()
      assert.deepEqual(
        fs.readdirSync(broken).filter((name) => /swap|cleaned$/.test(name)),
        [],
      )
    }
    fs.writeFileSync(path.join(before, `0-${end}.cleaned`), 'half of')
    const untouched = open(before)
    assert.deepEqual(fold(untouched), expected)
    assert.equal(content(untouched).records.length, 60)
    untouched.close()
  })
})
