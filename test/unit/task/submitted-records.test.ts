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
    const ledger = new SubmittedRecords()
    const records = [0, 1, 2, 3].map((n) => record({ p: 'a' }, n))
    ledger.submit(records)
    ledger.ack([records[1]!, records[3]!])
    assert.deepEqual(ledger.committable(), [])
    ledger.ack([records[0]!])
    assert.deepEqual(ledger.committable(), [{ partition: { p: 'a' }, offset: { at: 1 } }])
    ledger.ack([records[2]!])
    assert.deepEqual(ledger.committable(), [{ partition: { p: 'a' }, offset: { at: 3 } }])
    assert.equal(ledger.active, 0)
  })

  test('asks for each offset to be committed once', () => {
    const ledger = new SubmittedRecords()
    const records = [record({ p: 'a' }, 0)]
    ledger.submit(records)
    ledger.ack(records)
    const offsets = ledger.committable()
    assert.deepEqual(ledger.committable(), offsets, 'until it is told that they are')
    ledger.committed(offsets)
    assert.deepEqual(ledger.committable(), [])
  })

  test('moves on over records that were dropped', () => {
    const ledger = new SubmittedRecords()
    const records = [record({ p: 'a' }, 0), { ...record({ p: 'a' }, 1), acked: true }]
    ledger.submit(records)
    ledger.settle(records)
    assert.deepEqual(ledger.committable(), [])
    ledger.ack([records[0]!])
    assert.deepEqual(ledger.committable(), [{ partition: { p: 'a' }, offset: { at: 1 } }])
  })

  test('keeps an offset back until all records that share it are acknowledged', () => {
    const ledger = new SubmittedRecords()
    const records = [record({ p: 'a' }, 0, 10), record({ p: 'a' }, 1, 11), record({ p: 'a' }, 2, 11)]
    ledger.submit(records)
    ledger.ack(records.slice(0, 2))
    assert.deepEqual(
      ledger.committable().map(({ offset }) => offset),
      [{ at: 10 }],
    )
    ledger.ack(records.slice(2))
    assert.deepEqual(
      ledger.committable().map(({ offset }) => offset),
      [{ at: 11 }],
    )
  })

  test('commits a prefix and no torn unit, whatever the order of acknowledgements', () => {
    const random = seeded(20260122)
    for (let round = 0; round < 300; round++) {
      const ledger = new SubmittedRecords()
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
      for (const { partition, offset } of ledger.committable()) {
        const own = all.filter((each) => each.sourcePartition['p'] === partition['p'])
        assert.deepEqual(offset, own.at(-1)!.sourceOffset)
      }
    }
  })
})

/** Against the definition: every record up to the committable offset's last one is acknowledged. */
function check(ledger: SubmittedRecords, all: readonly Entry[]): void {
  for (const { partition, offset } of ledger.committable()) {
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
