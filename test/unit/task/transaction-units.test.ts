import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SourceOffset, SourcePartition } from '../../../runtime/api/index.ts'
import { TransactionUnits } from '../../../runtime/task/transaction-units.ts'

interface Positioned {
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
}

const A = { table: 'a' }
const B = { table: 'b' }

function records(...places: readonly (readonly [SourcePartition, number])[]): readonly Positioned[] {
  return places.map(([sourcePartition, lsn]) => ({ sourcePartition, sourceOffset: { lsn } }))
}

function after(first: readonly Positioned[], next: readonly Positioned[]): number {
  const units = new TransactionUnits()
  units.add(first, 0, first.length)
  return units.cut(next)
}

describe('TransactionUnits', () => {
  it('lets a transaction end before a batch with another offset', () => {
    assert.equal(after(records([A, 1]), records([A, 2], [A, 2])), 0)
    assert.equal(after(records([A, 1]), records([B, 1])), 0)
  })

  it('takes what goes on with the offset into the transaction, and no more', () => {
    assert.equal(after(records([A, 1]), records([A, 1], [A, 1], [A, 2], [A, 2])), 2)
    assert.equal(after(records([A, 1]), records([A, 1], [A, 1])), 2)
  })

  it('knows partitions and offsets by what they say, not by which object they are', () => {
    assert.equal(after(records([A, 1]), records([{ ...A }, 1], [{ ...A }, 2])), 1)
  })

  it('splits no unit of any partition when their records are mixed', () => {
    // the unit of B that begins before the one of A has ended must end as well
    assert.equal(after(records([A, 1]), records([B, 1], [A, 1], [B, 1], [A, 2])), 3)
    assert.equal(after(records([A, 1], [B, 1]), records([B, 1], [A, 2], [B, 2])), 1)
  })

  it('sees no unit where offsets say nothing', () => {
    const nothing = { sourcePartition: A, sourceOffset: {} }
    const removed = { sourcePartition: A, sourceOffset: null as unknown as SourceOffset }
    assert.equal(after([nothing], [nothing, nothing]), 0)
    assert.equal(after([removed], [removed]), 0)
  })

  it('hands out the last offset of each partition, once', () => {
    const units = new TransactionUnits()
    units.add(records([A, 1], [B, 5], [A, 2], [{ ...A }, 3]), 0, 4)
    assert.equal(units.isEmpty, false)
    assert.deepEqual(units.take(), [
      { partition: A, offset: { lsn: 3 } },
      { partition: B, offset: { lsn: 5 } },
    ])
    assert.equal(units.isEmpty, true)
    assert.deepEqual(units.take(), [])
  })

  it('never cuts within a unit, and never later than it must (Invariant 9)', () => {
    let seed = 20260823
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % below
    }
    for (let round = 0; round < 3000; round++) {
      const partitions = [A, B, { table: 'c' }].slice(0, 1 + random(3))
      const lsn = new Map(partitions.map((partition) => [partition, 1]))
      const log: Positioned[] = Array.from({ length: 1 + random(20) }, () => {
        const partition = partitions[random(partitions.length)]!
        if (random(2) === 0) lsn.set(partition, lsn.get(partition)! + 1)
        const sourcePartition = random(3) === 0 ? { ...partition } : partition
        return { sourcePartition, sourceOffset: { lsn: lsn.get(partition)! } }
      })
      const border = random(log.length + 1)
      const cut = border + after(log.slice(0, border), log.slice(border))
      const text = JSON.stringify(log.map(({ sourcePartition, sourceOffset }) => [sourcePartition, sourceOffset]))
      assert.ok(!splits(log, cut), `${text} is split at ${cut}`)
      for (let earlier = border; border > 0 && earlier < cut; earlier++)
        assert.ok(splits(log, earlier), `${text} could be cut at ${earlier} instead of ${cut}`)
    }
  })
})

/** By the definition: some partition's neighbours on both sides of the cut share their offset. */
function splits(log: readonly Positioned[], cut: number): boolean {
  const key = ({ sourcePartition }: Positioned): string => JSON.stringify(sourcePartition)
  const last = new Map(log.slice(0, cut).map((each) => [key(each), each.sourceOffset]))
  const first = new Map(
    log
      .slice(cut)
      .toReversed()
      .map((each) => [key(each), each.sourceOffset]),
  )
  return [...last].some(([partition, offset]) => first.get(partition)?.['lsn'] === offset['lsn'])
}
