import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { CommittedOffsets } from '../../../embedded/kafka/groups/committed-offsets.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const commit = (topic: string, partition: number, offset: number) => ({
  ...{ topic, partition, offset },
  ...{ leaderEpoch: -1, metadata: '' },
})

describe('committed offsets', () => {
  let dir: string
  let file: string
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'naru-offsets-'))
    file = path.join(dir, 'offsets.journal')
  })
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

  it('survive a kill once written, and a torn line is cut', () => {
    const killed = CommittedOffsets.open(file, silent)
    killed.commit('g', [commit('t', 0, 5), commit('t', 1, 7)], 1)
    killed.commit('g', [commit('t', 0, 6)], 2)
    killed.flush()
    fs.appendFileSync(file, '["set","g",3,[["t",0,9')

    const offsets = CommittedOffsets.open(file, silent)
    assert.deepEqual(offsets.get('g', 't', 0), { offset: 6, leaderEpoch: -1, metadata: '', committedAt: 2 })
    assert.equal(offsets.get('g', 't', 1)?.offset, 7)
    offsets.commit('g', [commit('t', 0, 8)], 4)
    offsets.close()
    const again = CommittedOffsets.open(file, silent)
    assert.equal(again.get('g', 't', 0)?.offset, 8)
    again.close()
  })

  it('are forgotten by partition, by topic and by group, also after a start', () => {
    const before = CommittedOffsets.open(file, silent)
    before.commit('g', [commit('a', 0, 1), commit('a', 1, 1), commit('b', 0, 1)], 1)
    before.commit('h', [commit('a', 0, 1)], 1)
    before.commit('i', [commit('b', 0, 1)], 1)
    before.remove('g', [['b', 0]])
    before.removeTopic('a')
    before.commit('j', [commit('a', 0, 2)], 1)
    before.removeGroup('i')
    assert.deepEqual(before.groupIds(), ['j'])
    before.close()
    const after = CommittedOffsets.open(file, silent)
    assert.deepEqual(after.groupIds(), ['j'])
    after.close()
  })

  it('take no more room for being committed often', () => {
    const offsets = CommittedOffsets.open(file, silent)
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 10; i++) {
        const many = Array.from({ length: 100 }, (_, partition) => commit('a-topic-with-a-name', partition, round))
        offsets.commit(`group-${i}`, many, round)
      }
      offsets.flush()
    }
    offsets.close()
    assert.ok(fs.statSync(file).size < 10 << 20, `${fs.statSync(file).size}`)
    const after = CommittedOffsets.open(file, silent)
    assert.equal(after.get('group-9', 'a-topic-with-a-name', 99)?.offset, 199)
    after.close()
  })
})
