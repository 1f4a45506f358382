import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NO_HEADERS } from '../../../runtime/api/index.ts'
import type { FetchedRecord } from '../../../runtime/kafka/fetcher.ts'
import { endOffsets, SinkOffsets } from '../../../runtime/task/sink-offsets.ts'
import { SinkRedelivery } from '../../../runtime/task/sink-redelivery.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'

const at = (partition: number, offset: number): { topic: string; partition: number; offset: number } => ({
  topic: 't',
  partition,
  offset,
})
const fetched = (partition: number, offset: number): FetchedRecord => ({
  ...at(partition, offset),
  timestamp: 0,
  timestampType: 'CreateTime',
  key: null,
  value: null,
  headers: [],
})

describe('offsets of a sink task', () => {
  test('end after the last record of each partition of a batch', () => {
    assert.deepEqual(endOffsets([fetched(0, 1), fetched(0, 2), fetched(1, 7), fetched(0, 3)]), [at(0, 4), at(1, 8)])
  })

  test('are committed only for assigned partitions and up to what was delivered', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5), at(1, 0)])
    offsets.delivered([at(0, 10)])
    assert.deepEqual(offsets.committable([at(0, 11), at(0, 7), at(2, 3)], silentLogger), [at(0, 7)])
    assert.deepEqual(offsets.committable([at(1, 0)], silentLogger), [], 'where reading began says nothing new')
    assert.deepEqual(offsets.committable([at(0, 10)], silentLogger), [at(0, 10)])
    offsets.committed([at(0, 10)])
    assert.deepEqual(offsets.committable([at(0, 10)], silentLogger), [], 'not twice')
  })

  test('begin at the first record where nothing was committed: a failed preCommit goes back there', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([{ topic: 't', partition: 0, offset: undefined }, at(1, 5)])
    assert.deepEqual(offsets.lastCommitted(), [at(1, 5)])
    offsets.began([fetched(1, 5), fetched(0, 40), fetched(0, 41)])
    offsets.delivered([at(0, 42), at(1, 6)])
    assert.deepEqual(offsets.lastCommitted(), [at(0, 40), at(1, 5)])
    offsets.began([fetched(0, 42)])
    assert.deepEqual(offsets.lastCommitted(), [at(0, 40), at(1, 5)])
  })

  test('go back with a rewind', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5)])
    offsets.delivered([at(0, 10)])
    offsets.rewound([at(0, 6)])
    assert.deepEqual(offsets.current(), [at(0, 6)])
    assert.deepEqual(offsets.committable([at(0, 10)], silentLogger), [])
    assert.deepEqual(offsets.lastCommitted(), [at(0, 6)], 'a failed preCommit goes back there too')
  })

  test('are told of all partitions, or of those that are given back', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5), at(1, 5), { topic: 't', partition: 2, offset: undefined }])
    assert.deepEqual(offsets.current(), [at(0, 5), at(1, 5)], 'where nothing is known there is nothing to commit')
    assert.deepEqual(offsets.current([at(1, 0), at(2, 0)]), [at(1, 5)])
  })

  test('are counted as long as they are delivered and not committed', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5), at(1, 5), { topic: 't', partition: 2, offset: undefined }])
    assert.equal(offsets.uncommitted(), 0)
    offsets.delivered([at(0, 10), at(1, 7), at(2, 3)])
    assert.equal(offsets.uncommitted(), 7)
    offsets.committed([at(0, 8)])
    assert.equal(offsets.uncommitted(), 4)
  })

  test('of partitions that came later are known from their first records too', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5)])
    offsets.began([fetched(0, 5)])
    offsets.assigned([{ topic: 't', partition: 1, offset: undefined }])
    offsets.began([fetched(0, 6)])
    offsets.began([fetched(1, 9)])
    assert.deepEqual(offsets.lastCommitted(), [at(0, 5), at(1, 9)])
  })

  test('of partitions that are not assigned are nothing to it', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5)])
    offsets.delivered([at(7, 1)])
    offsets.committed([at(7, 1)])
    offsets.rewound([at(7, 1)])
    assert.deepEqual(offsets.current(), [at(0, 5)])
    assert.deepEqual(offsets.lastCommitted(), [at(0, 5)])
  })

  test('of revoked partitions are forgotten', () => {
    const offsets = new SinkOffsets()
    offsets.assigned([at(0, 5), at(1, 5)])
    offsets.revoked([at(0, 0)])
    assert.deepEqual(offsets.current(), [at(1, 5)])
  })

  test('a held batch loses the records of partitions that went to somebody else', () => {
    const held = new SinkRedelivery()
    const record = (partition: number): never =>
      ({ originalTopic: 't', originalPartition: partition, headers: NO_HEADERS }) as never
    held.hold({ records: [record(0), record(1)], ends: [at(0, 1), at(1, 1)] })
    held.drop([at(0, 0)])
    assert.deepEqual(held.take(), { records: [record(1)], ends: [at(1, 1)] })
  })
})
