import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Props, SinkRecord } from 'naru/api'
import type { FaultRule } from '../../embedded/s3/controls.ts'
import { records, S3SinkDriver } from './support/s3-sink-driver.ts'
import { embeddedTarget, isExternal, s3Target } from './support/s3-target.ts'
import type { OpenTarget } from './support/s3-target.ts'

const MIB = 1024 * 1024

/** A schedule whose next rotation is half a day away: what closes objects here is flush.size, so that each task has its own boundaries. */
const scheduled = (flushSize: number, more: Props = {}): Props => {
  const hours = 12 - new Date().getUTCHours()
  const timezone = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
  return { 'rotate.schedule.interval.ms': '864000000', timezone, 'flush.size': String(flushSize), ...more }
}

/** Reads `log` as the runtime would, from the start and again where the task asks for it, until `offset` may be committed. */
async function run(sink: S3SinkDriver, log: readonly SinkRecord[], offset: number, batch = log.length): Promise<void> {
  let position = 0
  let asked = 0
  let idle = 0
  while (((await sink.committable())[0] ?? 0) < offset) {
    const next = log.slice(position, position + batch)
    await sink.put(next)
    position += next.length
    const seek = sink.seeks[asked]?.[0]
    idle = next.length > 0 || seek !== undefined ? 0 : idle + 1
    assert.ok(idle < 20, `nothing moves any more below offset ${offset}`) // committable() waits for uploads under way
    if (seek === undefined) continue
    position = seek.offset
    asked++
  }
}

/** More than 1 MiB each. */
function largeRecords(count: number): SinkRecord[] {
  return records(0, count, (offset) => ({ value: { offset, body: randomBytes(MIB).toString('base64') } }))
}

/** What a task that is killed after its objects, before its offsets, leaves behind. */
async function killedAfter(s3: OpenTarget, flushSize: number, log: readonly SinkRecord[], more: Props = {}) {
  await using sink = await S3SinkDriver.start(s3, scheduled(flushSize, more))
  await run(sink, log, log.length)
}

async function lines(s3: OpenTarget): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = []
  for (const key of await s3.keys()) {
    const offsets = (await s3.text(key))
      .trimEnd()
      .split('\n')
      .map((line) => String((JSON.parse(line) as { offset: number }).offset))
    found.push([key.replace(/^topics\/orders\/(.*)\/orders\+0\+0*(\d+)\.json(\.gz)?$/, '$1@$2'), offsets.join()])
  }
  return Object.fromEntries(found)
}

async function offsets(s3: OpenTarget): Promise<readonly number[]> {
  const all = Object.values(await lines(s3)).flatMap((text) => text.split(',').map(Number))
  return all.sort((a, b) => a - b)
}

const PERIOD_MS = 20

/** A task that has begun again where an object was in the way of its own, shorter one. */
async function comparing(s3: OpenTarget): Promise<S3SinkDriver> {
  const sink = await S3SinkDriver.start(s3, scheduled(2, { 'rotate.schedule.interval.ms': String(PERIOD_MS) }))
  await sink.put(records(0, 2))
  while (sink.seeks.length === 0) await sink.put()
  return sink
}

async function uploads(s3: OpenTarget): Promise<number> {
  const { Uploads } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
  return Uploads?.length ?? 0
}

/** A folder of its own for what this process puts into temporary files. */
async function temporaryFiles(): Promise<AsyncDisposable & { bytes(): Promise<number> }> {
  const before = process.env['TMPDIR']
  const folder = await mkdtemp(join(tmpdir(), 'naru-spill-'))
  process.env['TMPDIR'] = folder
  return {
    async bytes() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const files = entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => stat(join(parentPath, name)))
      return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0)
    },
    async [Symbol.asyncDispose]() {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe('S3 sink with conditional writes', () => {
  for (const compression of ['none', 'gzip'])
    it(`doubles nothing after a kill, wherever the next boundary falls (${compression})`, async () => {
      const more = { 's3.compression.type': compression }
      await using s3 = await s3Target()
      await killedAfter(s3, 2, records(0, 4), more)
      await using sink = await S3SinkDriver.start(s3, scheduled(5, more))
      await run(sink, records(0, 9), 9, 3)
      assert.deepEqual(await lines(s3), {
        'partition=0@0': '0,1',
        'partition=0@2': '2,3',
        'partition=0@4': '4,5,6,7,8',
      })
    })

  it('leaves a longer object of a task that lives on, and goes on behind it', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 5, records(0, 5))
    await using sink = await S3SinkDriver.start(s3, scheduled(2))
    await run(sink, records(0, 9), 9, 2)
    assert.deepEqual(await lines(s3), { 'partition=0@0': '0,1,2,3,4', 'partition=0@5': '5,6', 'partition=0@7': '7,8' })
  })

  it('takes the same records in the same object for written, without reading again', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 3, records(0, 3))
    await using sink = await S3SinkDriver.start(s3, scheduled(3))
    await run(sink, records(0, 6), 6)
    assert.deepEqual(sink.seeks, [])
    assert.deepEqual(await lines(s3), { 'partition=0@0': '0,1,2', 'partition=0@3': '3,4,5' })
  })

  it('doubles nothing in any folder when an object of one is in the way', async () => {
    const more = {
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'f',
    }
    const log = records(0, 30, (offset) => ({ value: { f: offset % 3, offset } }))
    await using s3 = await s3Target()
    await killedAfter(s3, 2, log.slice(0, 4), more)
    await using sink = await S3SinkDriver.start(s3, scheduled(6, more))
    await run(sink, log, 20, 5)
    const stored = await offsets(s3)
    assert.deepEqual(stored, [...stored.keys()])
    assert.ok(stored.length >= 20)
  })

  it('keeps an object that goes on with other records, and begins at the next one', async () => {
    await using s3 = await s3Target()
    const Key = 'topics/orders/partition=0/orders+0+0000000000.json'
    const Body = '{"offset":0}\n{"offset":77}\n'
    await s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body }))
    await using sink = await S3SinkDriver.start(s3, scheduled(2))
    await run(sink, records(0, 5), 5)
    assert.deepEqual(await lines(s3), { 'partition=0@0': '0,77', 'partition=0@1': '1,2', 'partition=0@3': '3,4' })
    assert.match(
      sink.warnings.join('\n'),
      /orders\+0\+0000000000\.json holds other records than are read now: it stays as it is/,
    )
  })

  for (const [name, Body, extension] of [
    ['begins with another record', '{"offset":77}\n{"offset":0}\n', 'json'],
    ['is empty', '', 'json'],
    ['is not compressed', '{"offset":2}\n{"offset":3}\n', 'json.gz'],
  ] as const)
    it(`fails where an object ${name}: nothing says where the record at its place is`, async () => {
      await using s3 = await s3Target()
      const Key = `topics/orders/partition=0/orders+0+0000000002.${extension}`
      const compression = { 's3.compression.type': extension === 'json' ? 'none' : 'gzip' }
      await s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: Buffer.from(Body) }))
      await using sink = await S3SinkDriver.start(s3, scheduled(2, compression))
      await assert.rejects(run(sink, records(0, 6), 6), {
        code: 'CONNECT',
        message:
          /orders\+0\+0000000002\.json(\.gz)? exists and does not begin with the record at offset 2: .* remove it or set enable.conditional.writes=false/,
      })
      assert.equal((await s3.read(Key)).toString(), Body)
      assert.equal((await s3.keys()).length, 2)
    })

  it('writes the records of its own object again when the rest of them never comes', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 4, records(0, 4))
    const compacted = records(0, 9).filter(({ originalOffset }) => originalOffset !== 2 && originalOffset !== 3)
    await using sink = await S3SinkDriver.start(s3, scheduled(3))
    await run(sink, compacted, 8)
    assert.deepEqual(await lines(s3), {
      'partition=0@0': '0,1,2,3',
      'partition=0@1': '1,4,5',
      'partition=0@6': '6,7,8',
    })
  })

  it('waits for the rest of its records as long as the broker is away', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 5, records(0, 5))
    await using sink = await comparing(s3)
    sink.atEnd = false
    const since = Date.now()
    while (Date.now() < since + 10 * PERIOD_MS) await sink.put() // twice the period is what it would give the log's end
    await sink.put(records(0, 2))
    while (Date.now() < since + 20 * PERIOD_MS) await sink.put()
    await sink.put(records(2, 9))
    await sink.committed(9)
    assert.equal(sink.seeks.length, 1, 'it begins again once, for the object that is there')
    assert.deepEqual(await offsets(s3), [0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('goes on when no record comes again at all: the log may have lost them', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 5, records(0, 5))
    await using sink = await comparing(s3)
    while (!sink.warnings.some((text) => /holds other records .*; nothing was read since/.test(text))) await sink.put()
    assert.ok(sink.timeouts.length > 0 && Math.max(...sink.timeouts) <= PERIOD_MS, 'it asks to be called for that')
    await sink.put(records(7, 9))
    await sink.committed(9)
    assert.deepEqual(await offsets(s3), [0, 1, 2, 3, 4, 7, 8])
  })

  it('holds what waits for a comparison on the disk', async () => {
    const more = {
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'f',
      's3.buffer.memory.bytes': String(16 * MIB),
    }
    const body = 'x'.repeat(100_000)
    const log = records(0, 300, (offset) => ({ value: { f: offset % 100 === 0 ? 'rare' : 'frequent', offset, body } }))
    const rare = log.filter(({ value }) => (value as { f: string }).f === 'rare')
    await using s3 = await s3Target()
    await killedAfter(s3, 3, rare, more)
    await using disk = await temporaryFiles()
    await using sink = await S3SinkDriver.start(s3, scheduled(20, more))
    await sink.put(log.slice(0, 20))
    while (sink.seeks.length === 0) await sink.put()
    for (let at = 0; at < 200; at += 10) await sink.put(log.slice(at, at + 10)) // 20 MB, none of which may be stored
    assert.deepEqual(await sink.committable(), {})
    while ((await disk.bytes()) < 15 * MIB) await sink.put() // else the time limit ends this
    for (let at = 200; at < 300; at += 10) await sink.put(log.slice(at, at + 10))
    await sink.committed(280)
    const stored = await offsets(s3)
    assert.equal(new Set(stored).size, stored.length)
    assert.equal(await disk.bytes(), 0)
  })

  const parts = { 's3.part.size': String(5 * MIB) }
  const largeLog = largeRecords(14)

  it('does the same for objects uploaded in parts, and leaves no upload behind', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 6, largeLog.slice(0, 6), parts)
    await using sink = await S3SinkDriver.start(s3, scheduled(7, parts))
    await run(sink, largeLog, 13, 4)
    assert.deepEqual(await lines(s3), { 'partition=0@0': '0,1,2,3,4,5', 'partition=0@6': '6,7,8,9,10,11,12' })
    assert.equal(await uploads(s3), 0)
  })

  it('finds its own parts in an object that is there', async () => {
    await using s3 = await s3Target()
    await killedAfter(s3, 7, largeLog.slice(0, 7), parts)
    await using sink = await S3SinkDriver.start(s3, scheduled(7, parts))
    await run(sink, largeLog, 14)
    assert.deepEqual(sink.seeks, [])
    assert.equal(await uploads(s3), 0)
  })

  it('replaces objects when told to, and where there are two objects for a record', async () => {
    const keys = { 'store.kafka.keys': 'true', 'keys.format.class': 'io.confluent.connect.s3.format.json.JsonFormat' }
    for (const more of [{ 'enable.conditional.writes': 'false' }, { 'enable.conditional.writes': 'true', ...keys }]) {
      await using s3 = await s3Target()
      await killedAfter(s3, 2, records(0, 2))
      await using sink = await S3SinkDriver.start(s3, scheduled(3, more))
      await run(sink, records(0, 3), 3)
      assert.equal((await lines(s3))['partition=0@0'], '0,1,2')
      assert.equal(
        sink.warnings.some((text) => text.includes('enable.conditional.writes=true has no effect')),
        more['enable.conditional.writes'] === 'true',
      )
    }
  })
})

describe('S3 sink with conditional writes, in trouble', { skip: isExternal }, () => {
  const harmless: readonly (readonly [string, FaultRule])[] = [
    ['an answer that is lost', { fault: { kind: 'lost-answer' }, operation: 'PutObject' }],
    [
      'a write in conflict with another',
      { fault: { kind: 'error', code: 'ConditionalRequestConflict' }, operation: 'PutObject', times: 2 },
    ],
  ]
  for (const [name, rule] of harmless)
    it(`gets over ${name}`, async () => {
      await using s3 = await embeddedTarget()
      s3.server.controls.inject(rule)
      await using sink = await S3SinkDriver.start(s3, scheduled(3))
      await run(sink, records(0, 6), 6)
      assert.deepEqual(sink.seeks, [])
      assert.deepEqual(await lines(s3), { 'partition=0@0': '0,1,2', 'partition=0@3': '3,4,5' })
    })

  it('begins at the next record when it may not read what is in the way', async () => {
    await using s3 = await embeddedTarget()
    await killedAfter(s3, 2, records(0, 2))
    s3.server.controls.inject({ fault: { kind: 'error', code: 'AccessDenied' }, operation: 'GetObject' })
    await using sink = await S3SinkDriver.start(s3, scheduled(3))
    await run(sink, records(0, 4), 4)
    assert.deepEqual(await lines(s3), { 'partition=0@0': '0,1', 'partition=0@1': '1,2,3' })
  })

  it('fails when the store refuses for an object that it does not have', async () => {
    await using s3 = await embeddedTarget()
    s3.server.controls.inject({ fault: { kind: 'error', code: 'PreconditionFailed' }, operation: 'PutObject' })
    await using sink = await S3SinkDriver.start(s3, scheduled(2))
    await assert.rejects(run(sink, records(0, 2), 2), { code: 'CONNECT', message: /yet the store has no such object/ })
  })

  for (const operation of ['PutObject', 'CompleteMultipartUpload'] as const)
    it(`says what to set where the store knows no conditions (${operation})`, async () => {
      await using s3 = await embeddedTarget()
      s3.server.controls.inject({ fault: { kind: 'error', code: 'NotImplemented' }, operation })
      const sized = operation === 'PutObject' ? records(0, 2) : largeRecords(7)
      await using sink = await S3SinkDriver.start(s3, scheduled(sized.length, { 's3.part.size': String(5 * MIB) }))
      await assert.rejects(run(sink, sized, sized.length), {
        code: 'CONNECT',
        message: /^cannot .*NotImplemented.*; a store without If-None-Match needs enable\.conditional\.writes=false$/,
      })
    })

  it('stops while it still compares', async () => {
    await using s3 = await embeddedTarget()
    await killedAfter(s3, 5, records(0, 5))
    await using sink = await S3SinkDriver.start(s3, scheduled(2))
    await sink.put(records(0, 2))
    await sink.committable() // waits for the upload under way
    await sink.put()
    assert.equal(sink.seeks.length, 1)
    await sink.put(records(0, 3))
    assert.deepEqual(await sink.committable(), {})
  })
})
