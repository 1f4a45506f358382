import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SubmittedRecords } from '../../../runtime/task/submitted-records.ts'
import type { Submitted } from '../../../runtime/task/submitted-records.ts'

interface Entry extends Submitted {
  readonly n: number
}

const record = (partition: Readonly<Record<string, string>>, n: number, offset = n): Entry => ({
  n,
  sourcePartition: partition,
  sourceOffset: { at: offset },
  acked: false,
})

describe('the ack ledger', () => {
  test('lets an offset be committed when everything before it is acknowledged', () => {
    const ledger = new SubmittedRecords(true)
    const records = [0, 1, 2, 3].map((n) => record({ p: 'a' }, n))
    ledger.submit(records)
    ledger.ack([records[1]!, records[3]!])
    assert.deepEqual(ledger.committable(false), [])
    ledger.ack([records[0]!])
    assert.deepEqual(ledger.committable(false), [{ partition: { p: 'a' }, offset: { at: 1 } }])
    ledger.ack([records[2]!])
    assert.deepEqual(ledger.committable(false), [{ partition: { p: 'a' }, offset: { at: 3 } }])
    assert.equal(ledger.active, 0)
  })

  test('asks for each offset to be committed once', () => {
    const ledger = new SubmittedRecords(true)
    const records = [record({ p: 'a' }, 0)]
    ledger.submit(records)
    ledger.ack(records)
    const offsets = ledger.committable(false)
    assert.deepEqual(ledger.committable(false), offsets, 'until it is told that they are')
    ledger.committed(offsets)
    assert.deepEqual(ledger.committable(false), [])
  })

  test('moves on over records that were dropped', () => {
    const ledger = new SubmittedRecords(true)
    const records = [record({ p: 'a' }, 0), { ...record({ p: 'a' }, 1), acked: true }]
    ledger.submit(records)
    ledger.settle(records)
    assert.deepEqual(ledger.committable(false), [])
    ledger.ack([records[0]!])
    assert.deepEqual(ledger.committable(false), [{ partition: { p: 'a' }, offset: { at: 1 } }])
  })

  test('keeps an offset back until all records that share it are acknowledged', () => {
    const ledger = new SubmittedRecords(true)
    const records = [record({ p: 'a' }, 0, 10), record({ p: 'a' }, 1, 11), record({ p: 'a' }, 2, 11)]
    ledger.submit(records)
    ledger.ack(records.slice(0, 2))
    assert.deepEqual(
      ledger.committable(false).map(({ offset }) => offset),
      [{ at: 10 }],
    )
    ledger.ack(records.slice(2))
    assert.deepEqual(
      ledger.committable(false).map(({ offset }) => offset),
      [{ at: 11 }],
    )
  })

  test('keeps the offset of a unit back that ended with its batch, until another unit or the source says that it is complete', () => {
    const offsets = (ledger: SubmittedRecords, settled: boolean) =>
      ledger.committable(settled).map(({ offset }) => offset['at'])
    const ledger = new SubmittedRecords(false)
    const first = [record({ p: 'a' }, 0, 10), record({ p: 'a' }, 1, 11)]
    ledger.submit(first)
    ledger.ack(first)
    assert.deepEqual(offsets(ledger, false), [10])
    const rest = [record({ p: 'a' }, 2, 11), record({ p: 'a' }, 3, 12)]
    ledger.submit(rest)
    assert.deepEqual(offsets(ledger, true), [10], 'the rest of the unit is submitted and not acknowledged')
    ledger.ack(rest.slice(0, 1))
    assert.deepEqual(offsets(ledger, false), [11])
    ledger.ack(rest.slice(1))
    assert.deepEqual(offsets(ledger, false), [11])
    assert.deepEqual(offsets(ledger, true), [12])
  })

  test('believes that a source ends its batches with whole units when it says so, or when many records have never shared an offset', () => {
    const acked = (ledger: SubmittedRecords, records: readonly Entry[]): boolean => {
      ledger.submit(records)
      ledger.ack(records)
      return ledger.endsUnits
    }
    const singles = Array.from({ length: 20 }, (_, n) => record({ p: 'a' }, n))
    assert.equal(acked(new SubmittedRecords(true), singles.slice(0, 1)), true, 'it says so')
    const ledger = new SubmittedRecords(false)
    assert.equal(acked(ledger, singles.slice(0, 2)), false, 'two are not many')
    for (const each of singles.slice(2, 15)) assert.equal(acked(ledger, [each]), false)
    assert.equal(acked(ledger, singles.slice(15)), true)
    assert.equal(
      acked(ledger, [record({ p: 'a' }, 20, 19)]),
      false,
      'it went on with the unit that the batch before had ended with',
    )

    const within = new SubmittedRecords(false)
    const pair = [record({ p: 'a' }, 20), record({ p: 'a' }, 21, 20), record({ p: 'a' }, 22)]
    assert.equal(acked(within, [...singles, ...pair]), false, 'two records of a batch share an offset')

    const apart = new SubmittedRecords(false)
    apart.submit([...singles, ...pair])
    apart.ack([...singles, pair[0]!])
    assert.equal(apart.endsUnits, false, 'the other record of the pair is not acknowledged yet')
  })

  test('commits no unit before its last record, wherever batches end', () => {
    const random = seeded(20261123)
    for (let round = 0; round < 300; round++) {
      const ledger = new SubmittedRecords(false)
      const all: Entry[] = []
      let unit = 0
      while (all.length < 60) {
        const size = 1 + Math.floor(random() * 5)
        for (let i = 0; i < size; i++) all.push(record({ p: 'a' }, all.length, unit))
        unit++
      }
      const waiting: Entry[] = []
      for (let at = 0; at < all.length;) {
        const batch = all.slice(at, at + 1 + Math.floor(random() * 6))
        at += batch.length
        ledger.submit(batch)
        waiting.push(...batch)
        ledger.ack(waiting.splice(0, Math.floor(random() * (waiting.length + 1))))
        check(ledger, all)
      }
      ledger.ack(waiting)
      check(ledger, all)
      assert.deepEqual(ledger.committable(true)[0]?.offset, { at: unit - 1 })
    }
  })

  test('commits a prefix and no torn unit, whatever the order of acknowledgements', () => {
    const random = seeded(20260122)
    for (let round = 0; round < 300; round++) {
      const ledger = new SubmittedRecords(true)
      const partitions = [{ p: 'a' }, { p: 'b' }, { p: 'a' }]
      const unit = 1 + Math.floor(random() * 3)
      const all: Entry[] = []
      const waiting: Entry[] = []
      for (let step = 0; step < 60; step++) {
        if (random() < 0.5) {
          const batch = Array.from({ length: unit * Math.ceil(random() * 4) }, (_, i) => {
            const n = all.length + i
            return record(partitions[Math.floor(n / unit) % 3]!, n, Math.floor(n / unit))
          })
          all.push(...batch)
          waiting.push(...batch)
          ledger.submit(batch)
        } else if (waiting.length > 0) {
          const from = Math.floor(random() * waiting.length)
          ledger.ack(waiting.splice(from, 1 + Math.floor(random() * 5)))
        }
        if (random() < 0.3) check(ledger, all)
      }
      ledger.ack(waiting)
      check(ledger, all)
      assert.equal(ledger.active, 0)
      for (const { partition, offset } of ledger.committable(false)) {
        const own = all.filter((each) => each.sourcePartition['p'] === partition['p'])
        assert.deepEqual(offset, own.at(-1)!.sourceOffset)
      }
    }
  })
})

/** Against the definition: every record up to the committable offset's last one is acknowledged. */
function check(ledger: SubmittedRecords, all: readonly Entry[]): void {
  for (const { partition, offset } of ledger.committable(false)) {
    const own = all.filter((each) => each.sourcePartition['p'] === partition['p'])
    const last = own.findLastIndex((each) => each.sourceOffset['at'] === offset['at'])
    assert.ok(own.slice(0, last + 1).every(({ acked }) => acked))
  }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return state / 2 ** 32
  }
}
