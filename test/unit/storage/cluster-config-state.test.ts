import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  EMPTY_STATE,
  brokenTaskSets,
  foldConfigRecords,
  targetState,
  taskConfigsOf,
} from '../../../runtime/storage/cluster-config-state.ts'
import type { ClusterConfigState } from '../../../runtime/storage/cluster-config-state.ts'
import { encodeConfigRecord } from '../../../runtime/storage/config-records.ts'
import type { ConfigRecord } from '../../../runtime/storage/config-records.ts'

const connector = (name: string, props: Record<string, string> | null = { name }): ConfigRecord => ({
  kind: 'connector',
  connector: name,
  props,
})
const task = (name: string, number: number, x = '1'): ConfigRecord => ({
  kind: 'task',
  connector: name,
  task: number,
  props: { x },
})
const commit = (name: string, tasks: number): ConfigRecord => ({ kind: 'commit', connector: name, tasks })

function fold(records: readonly ConfigRecord[], state = EMPTY_STATE): ClusterConfigState {
  const first = Math.max(0, state.offset)
  const encoded = records.map((record, index) => {
    const { key, value } = encodeConfigRecord(record)
    return { partition: 0, offset: first + index, key: Buffer.from(key), value: value && Buffer.from(value) }
  })
  // One batch or many must give the same.
  const whole = foldConfigRecords(state, encoded).state
  const single = encoded.reduce((folded, record) => foldConfigRecords(folded, [record]).state, state)
  assert.deepEqual(single, whole)
  return whole
}

describe('the state of the config log', () => {
  it('knows a task set that compaction left before its connector, and one with a hole, as broken until they are written again (KAFKA-17719)', () => {
    const torn = [task('c', 0), commit('c', 1), connector('c'), connector('d'), task('d', 1), commit('d', 2)]
    assert.deepEqual(brokenTaskSets(fold(torn)), ['c', 'd'])
    assert.deepEqual(brokenTaskSets(fold([...torn, commit('c', 0), task('d', 0), task('d', 1), commit('d', 2)])), [])
    assert.deepEqual(brokenTaskSets(fold([...torn, connector('c', null), connector('c')])), ['d'])
    const stopped: ConfigRecord = { kind: 'target-state', connector: 'd', state: 'STOPPED' }
    assert.deepEqual(brokenTaskSets(fold([...torn, stopped])), ['c'], 'a stopped connector needs no tasks')
    assert.deepEqual(brokenTaskSets(fold([connector('new')])), [], 'a new connector is not broken')
  })

  it('of which nothing was read yet is at -1, as Kafka Connect says: at 0 a Java leader would wait for a record', () => {
    assert.equal(EMPTY_STATE.offset, -1)
    assert.equal(EMPTY_STATE.structureOffset, -1)
    assert.equal(fold([connector('c')]).offset, 1)
  })

  it('shows task configs only from their commit on', () => {
    const before = fold([connector('c'), task('c', 0), task('c', 1)])
    assert.deepEqual(taskConfigsOf(before, 'c'), [])
    const after = fold([commit('c', 2)], before)
    assert.deepEqual(taskConfigsOf(after, 'c'), [{ x: '1' }, { x: '1' }])
    assert.equal(after.offset, 4)
    assert.equal(after.structureOffset, 4)
    assert.deepEqual(taskConfigsOf(before, 'c'), [], 'an older state stays as it was')
  })

  it('drops the tasks beyond a smaller set, and all of an empty one', () => {
    const two = fold([connector('c'), task('c', 0), task('c', 1), commit('c', 2)])
    assert.equal(taskConfigsOf(fold([task('c', 0, '2'), commit('c', 1)], two), 'c').length, 1)
    const none = fold([commit('c', 0)], two)
    assert.deepEqual(taskConfigsOf(none, 'c'), [])
    assert.equal(none.taskSets.get('c')!.inconsistent, false)
  })

  it('shows no task of a set with a gap until it is written again', () => {
    const gap = fold([connector('c'), task('c', 1), commit('c', 2)])
    assert.equal(gap.taskSets.get('c')!.inconsistent, true)
    assert.equal(gap.taskSets.get('c')!.count, 2)
    assert.deepEqual(taskConfigsOf(gap, 'c'), [])
    const whole = fold([task('c', 0), task('c', 1), commit('c', 2)], gap)
    assert.equal(taskConfigsOf(whole, 'c').length, 2)
  })

  it('does not give the tasks of a deleted connector to a new one of its name', () => {
    const compacted = fold([task('c', 0), commit('c', 1), connector('c')])
    assert.deepEqual(taskConfigsOf(compacted, 'c'), [])
    assert.equal(compacted.taskSets.has('c'), false)
    const recreated = fold([connector('c'), task('c', 0), commit('c', 1), connector('c', null), connector('c')])
    assert.deepEqual(taskConfigsOf(recreated, 'c'), [])
    const uncommitted = fold([connector('c'), task('c', 0), connector('c', null), connector('c'), commit('c', 1)])
    assert.deepEqual(
      taskConfigsOf(uncommitted, 'c'),
      [],
      'nor those of a set that was not committed when it was deleted',
    )
  })

  it('keeps the target state until its own tombstone', () => {
    const paused = fold([{ kind: 'target-state', connector: 'c', state: 'PAUSED' }, connector('c')])
    assert.equal(targetState(paused, 'c'), 'PAUSED')
    const removed = fold([connector('c', null)], paused)
    assert.equal(targetState(removed, 'c'), 'PAUSED')
    assert.equal(targetState(fold([{ kind: 'target-state', connector: 'c', state: null }], removed), 'c'), 'STARTED')
  })

  it('counts a connector or task set that came or went as a change of structure, and nothing else', () => {
    const state = fold([connector('c'), task('c', 0), commit('c', 1)])
    const later = fold(
      [
        connector('c', { name: 'c', a: '2' }),
        { kind: 'target-state', connector: 'c', state: 'PAUSED' },
        { kind: 'restart', connector: 'c', includeTasks: true, onlyFailed: false },
      ],
      state,
    )
    assert.equal(later.structureOffset, state.structureOffset)
    assert.equal(fold([connector('c', null)], later).structureOffset, 7)
  })

  it('remembers the config by which a task set was made', () => {
    const state = fold([connector('c', { name: 'c', v: '1' }), commit('c', 0), connector('c', { name: 'c', v: '2' })])
    assert.deepEqual(state.taskSets.get('c')!.connectorProps, { name: 'c', v: '1' })
  })

  it('hands restart requests and logger levels out as events, and names what it skips', () => {
    const bad = { partition: 0, offset: 1, key: Buffer.from('what'), value: null }
    const { key, value } = encodeConfigRecord({
      kind: 'restart',
      connector: 'c',
      includeTasks: false,
      onlyFailed: true,
    })
    const good = { partition: 0, offset: 0, key: Buffer.from(key), value: Buffer.from(value!) }
    const { events, skipped, state } = foldConfigRecords(EMPTY_STATE, [good, bad])
    assert.deepEqual(events, [{ kind: 'restart', connector: 'c', includeTasks: false, onlyFailed: true }])
    assert.deepEqual(skipped, ['offset 1: unknown key what'])
    assert.equal(state.offset, 2)
  })
})
