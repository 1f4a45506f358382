import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

import { GroupMemory } from '../../../embedded/kafka/groups/group-memory.ts'
import type { SettledGroup } from '../../../embedded/kafka/groups/group-memory.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

test('groups come back from their files as they were, whatever their ids; dropped ones do not', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'naru-groups-'))
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  const settled: SettledGroup = {
    ...{ generation: 7, protocolType: 'connect', protocol: 'sessioned', leaderId: 'a' },
    members: [
      {
        ...{ memberId: 'a', instanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
        ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000 },
        protocols: [{ name: 'sessioned', metadata: Buffer.from([0, 1, 255]) }],
        assignment: Buffer.from([254, 0]),
      },
    ],
  }
  const odd = `../${'x'.repeat(300)}\u0000`
  const memory = GroupMemory.open(dir, silent)
  memory.save(odd, { ...settled, generation: 6 })
  memory.save(odd, settled)
  memory.save('gone', settled)
  memory.drop('gone')
  assert.deepEqual(GroupMemory.open(dir, silent).all(), [[odd, settled]])
})
