import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FetchState } from '../../../runtime/kafka/fetch-state.ts'
import { writeInt64 } from '../../../runtime/kafka/records/int64.ts'
import { RecordBatchBuilder, stampBatch } from '../../../runtime/kafka/records/record-batch-builder.ts'
import { ATTRIBUTES, BATCH_HEADER } from '../../../runtime/kafka/records/record-batch.ts'

interface Shape {
  readonly baseOffset: number
  readonly values: readonly string[]
  readonly producerId?: number
  readonly control?: boolean
  /** What compaction removed at the end keeps its offsets. */
  readonly lastOffset?: number
}

/** A batch as it stands in a log; no values: compaction removed all its records and kept the header. */
function batch({ baseOffset, values, producerId, control = false, lastOffset }: Shape): Buffer {
  const builder = new RecordBatchBuilder(1024)
  for (const value of values) builder.append(null, Buffer.from(value), undefined, 1000)
  const bytes = Buffer.from(builder.finish())
  writeInt64(bytes, baseOffset, BATCH_HEADER.baseOffset)
  bytes.writeInt32BE((lastOffset ?? baseOffset + values.length - 1) - baseOffset, BATCH_HEADER.lastOffsetDelta)
  if (control) bytes.writeInt16BE(ATTRIBUTES.control, BATCH_HEADER.attributes)
  return stampBatch(bytes, {
    producerId: producerId ?? -1,
    producerEpoch: 0,
    baseSequence: 0,
    transactional: producerId !== undefined,
  })
}

const marker = (baseOffset: number, producerId: number): Shape => ({
  baseOffset,
  values: ['marker'],
  producerId,
  control: true,
})

/** What a reader sees of a response: values and the position behind them. */
function read(
  shapes: readonly Shape[],
  options: { from?: number; aborted?: readonly { producerId: number; firstOffset: number }[]; cut?: number } = {},
): { values: string[]; position: number | undefined; fetchOffset: number } {
  const state = new FetchState('t', 0)
  state.seek(options.from ?? 0)
  const bytes = Buffer.concat(shapes.map(batch))
  assert.ok(state.buffer(bytes.subarray(0, bytes.length - (options.cut ?? 0)), options.aborted ?? []))
  const values: string[] = []
  for (let taken = state.take(2, true); taken !== undefined; taken = state.take(2, true))
    values.push(...taken.map(({ value }) => String(value)))
  return { values, position: state.position, fetchOffset: state.fetchOffset }
}

describe('what is read of fetched batches', () => {
  test('control batches are hidden, and the position passes them', () => {
    assert.deepEqual(read([{ baseOffset: 0, values: ['a'], producerId: 7 }, marker(1, 7)]), {
      values: ['a'],
      position: 2,
      fetchOffset: 2,
    })
  })

  test('a response of control batches only moves the position', () => {
    assert.deepEqual(read([marker(5, 7), marker(6, 8)], { from: 5 }), { values: [], position: 7, fetchOffset: 7 })
  })

  test('a batch that compaction emptied moves the position behind its last offset', () => {
    assert.deepEqual(read([{ baseOffset: 3, values: [], lastOffset: 9 }], { from: 4 }), {
      values: [],
      position: 10,
      fetchOffset: 10,
    })
  })

  test('offsets that are missing between and at the end of batches are passed', () => {
    const shapes = [
      { baseOffset: 2, values: ['a', 'b'], lastOffset: 7 },
      { baseOffset: 20, values: ['c'] },
    ]
    assert.deepEqual(read(shapes), { values: ['a', 'b', 'c'], position: 21, fetchOffset: 21 })
  })

  test('aborted transactions are skipped up to their markers, interleaved and one after the other', () => {
    const shapes: Shape[] = [
      { baseOffset: 0, values: ['lost 1'], producerId: 7 },
      { baseOffset: 1, values: ['kept 1'], producerId: 8 },
      { baseOffset: 2, values: ['plain'] },
      { baseOffset: 3, values: ['lost 2'], producerId: 7 },
      marker(4, 7),
      { baseOffset: 5, values: ['kept 2'], producerId: 7 },
      marker(6, 7),
      { baseOffset: 7, values: ['lost 3'], producerId: 7 },
      marker(8, 8),
      marker(9, 7),
    ]
    const aborted = [
      { producerId: 7, firstOffset: 7 },
      { producerId: 7, firstOffset: 0 },
    ]
    assert.deepEqual(read(shapes, { aborted }).values, ['kept 1', 'plain', 'kept 2'])
    assert.equal(read(shapes, { aborted }).position, 10)
    assert.equal(read(shapes).values.length, 6, 'read_uncommitted sees all but the markers')
  })

  test('an aborted transaction that began before the fetch is skipped too', () => {
    const shapes = [{ baseOffset: 10, values: ['lost'], producerId: 7 }, marker(11, 7)]
    assert.deepEqual(read(shapes, { from: 10, aborted: [{ producerId: 7, firstOffset: 3 }] }), {
      values: [],
      position: 12,
      fetchOffset: 12,
    })
  })

  test('a batch that is cut off is left for the next fetch', () => {
    const shapes = [
      { baseOffset: 0, values: ['a'] },
      { baseOffset: 1, values: ['b'] },
    ]
    assert.deepEqual(read(shapes, { cut: 3 }), { values: ['a'], position: 1, fetchOffset: 1 })
  })
})

describe('whether reading is at the end of the log', () => {
  test('an answer without records says so at the end only', () => {
    const state = new FetchState('t', 0)
    state.seek(0)
    assert.equal(state.atEnd, false, 'nothing was asked')
    state.foundNothing(2)
    assert.equal(state.atEnd, false, 'others had filled the answer')
    state.buffer(batch({ baseOffset: 0, values: ['a', 'b'] }), [])
    state.foundNothing(2)
    state.take(1, true)
    assert.equal(state.atEnd, false, 'one of two is handed out')
    state.take(1, true)
    assert.equal(state.atEnd, true)
    state.buffer(batch({ baseOffset: 2, values: ['c'] }), [])
    state.take(1, true)
    assert.equal(state.atEnd, false, 'nobody has looked behind it')
    state.foundNothing(3)
    state.seek(1)
    assert.equal(state.atEnd, false, 'it goes elsewhere')
  })
})
