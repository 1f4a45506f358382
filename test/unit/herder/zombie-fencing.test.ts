import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { idsToFence } from '../../../runtime/herder/zombie-fencing.ts'
import { EMPTY_STATE, foldConfigRecords } from '../../../runtime/storage/cluster-config-state.ts'
import type { ClusterConfigState } from '../../../runtime/storage/cluster-config-state.ts'
import { encodeConfigRecord } from '../../../runtime/storage/config-records.ts'
import type { ConfigRecord } from '../../../runtime/storage/config-records.ts'

const CONNECTOR: ConfigRecord = { kind: 'connector', connector: 'c', props: { name: 'c' } }

function tasks(count: number): readonly ConfigRecord[] {
  const each = Array.from({ length: count }, (_, task): ConfigRecord => ({
    kind: 'task',
    connector: 'c',
    task,
    props: {},
  }))
  return [...each, { kind: 'commit', connector: 'c', tasks: count }]
}

function fenced(taskCount: number): ConfigRecord {
  return { kind: 'fencing', connector: 'c', taskCount }
}

function state(...records: readonly ConfigRecord[]): ClusterConfigState {
  const log = records.map((record, offset) => {
    const { key, value } = encodeConfigRecord(record)
    return { partition: 0, offset, key: Buffer.from(key), value: value && Buffer.from(value) }
  })
  return foldConfigRecords(EMPTY_STATE, log).state
}

describe('Fencing before tasks of a new set start', () => {
  it('has nobody to fence when there was no set before, but is still to be recorded', () => {
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(3)), 'c'), 0)
  })

  it('is over when it was recorded, until tasks are configured anew', () => {
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(3), fenced(3)), 'c'), undefined)
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(3), fenced(3), ...tasks(2)), 'c'), 3)
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(3), fenced(3), ...tasks(2), fenced(2)), 'c'), undefined)
  })

  it('counts what was recorded last, not sets whose tasks never started', () => {
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(3), fenced(3), ...tasks(5), ...tasks(1)), 'c'), 3)
  })

  it('is left to the start of the task itself where one follows one', () => {
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(1), fenced(1), ...tasks(1)), 'c'), 0)
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(1), fenced(1), ...tasks(2)), 'c'), 1)
  })

  it('fences also for a connector that was stopped, whose offsets are to be changed', () => {
    assert.equal(idsToFence(state(CONNECTOR, ...tasks(2), fenced(2), ...tasks(0)), 'c'), 2)
  })

  it('has nothing to do for what is not there', () => {
    assert.equal(idsToFence(EMPTY_STATE, 'c'), undefined)
    assert.equal(idsToFence(state(CONNECTOR), 'c'), undefined)
  })
})
