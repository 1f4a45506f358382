import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigBackingStore } from '../../../runtime/storage/config-backing-store.ts'
import { FileLog } from '../../../runtime/storage/file-log.ts'
import { MemoryLog } from '../../../runtime/storage/memory-log.ts'
import { OffsetBackingStore } from '../../../runtime/storage/offset-backing-store.ts'
import { StatusBackingStore } from '../../../runtime/storage/status-backing-store.ts'
import type { Status } from '../../../runtime/storage/status-records.ts'
import { silentLogger as logger } from '../../../runtime/telemetry/context-logger.ts'

const soon = (): AbortSignal => AbortSignal.timeout(5_000)

describe('the config store', () => {
  it('shows a write when it resolves, here and to others who read the same log', async () => {
    const log = new MemoryLog()
    await using ours = await ConfigBackingStore.open({ open: log.open, logger })
    await using theirs = await ConfigBackingStore.open({ open: log.open, logger })
    await ours.putConnector('c', { name: 'c' }, 'PAUSED')
    await ours.putTaskConfigs('c', [{ a: '1' }])
    assert.deepEqual(ours.state, theirs.state)
    assert.deepEqual(
      log.records.map(({ key }) => key!.toString()),
      ['target-state-c', 'connector-c', 'task-c-0', 'commit-c'],
    )
    await ours.removeConnector('c')
    assert.equal(theirs.state.connectors.size, 0)
  })

  it('does not act on restart requests of the past', async () => {
    const log = new MemoryLog()
    await using first = await ConfigBackingStore.open({ open: log.open, logger })
    await first.putRestart({ connector: 'c', includeTasks: true, onlyFailed: false })
    const seen: string[] = []
    await using second = await ConfigBackingStore.open({ open: log.open, logger })
    second.onEvent = ({ kind }) => seen.push(kind)
    assert.deepEqual(seen, [])
    await first.putRestart({ connector: 'c', includeTasks: true, onlyFailed: false })
    assert.deepEqual(seen, ['restart'])
  })
})

describe('the status store', () => {
  const status = (state: Status['state'], workerId: string, generation: number): Status => ({
    state,
    workerId,
    generation,
    trace: null,
    version: null,
  })

  it('does not let late news of an older generation overwrite the new owner', async () => {
    const log = new MemoryLog()
    await using store = await StatusBackingStore.open({ open: log.open, logger, workerId: 'a:1' })
    const task = { connector: 'c', task: 0 }
    store.put(task, status('RUNNING', 'b:1', 5))
    await store.flush(soon())
    store.putSafely(task, status('UNASSIGNED', 'a:1', 4))
    store.putSafely(task, status('FAILED', 'a:1', 4))
    await store.flush(soon())
    assert.equal(store.task('c', 0)!.workerId, 'b:1')
    // the same, written by a worker that did not know better
    store.put(task, status('UNASSIGNED', 'a:1', 5))
    await store.flush(soon())
    assert.equal(store.task('c', 0)!.state, 'RUNNING')
    store.putSafely(task, status('UNASSIGNED', 'b:1', 5))
    await store.flush(soon())
    assert.equal(store.task('c', 0)!.state, 'UNASSIGNED')
  })

  it('forgets what is removed, and lists topics per connector', async () => {
    const log = new MemoryLog()
    await using store = await StatusBackingStore.open({ open: log.open, logger, workerId: 'a:1' })
    store.put({ connector: 'c' }, status('RUNNING', 'a:1', 1))
    store.putTopic({ topic: 't', connector: 'c', task: 0, discoveredAt: 1 })
    await store.flush(soon())
    assert.deepEqual(
      store.topics('c').map(({ topic }) => topic),
      ['t'],
    )
    store.remove({ connector: 'c' })
    store.removeTopics('c')
    await store.flush(soon())
    assert.equal(store.connector('c'), undefined)
    assert.deepEqual(store.topics('c'), [])
    assert.equal(log.records.at(-1)!.value, null)
  })
})

describe('the offset store on a file', () => {
  it('keeps offsets over a restart, drops removed ones and a torn last line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-offsets-'))
    try {
      const path = join(folder, 'offsets')
      const open = (reader: Parameters<typeof FileLog.open>[1]) => FileLog.open(path, reader)
      {
        await using store = await OffsetBackingStore.open({ open })
        await store.write('c', [
          { partition: { file: 'a' }, offset: { position: 1 } },
          { partition: { file: 'b' }, offset: { position: 2 } },
        ])
        await store.write('c', [{ partition: { file: 'a' }, offset: { position: 3 } }])
        await store.write('c', [{ partition: { file: 'b' }, offset: null }])
      }
      await appendFile(path, '{"key":"AAAA","va')
      await using store = await OffsetBackingStore.open({ open })
      assert.deepEqual(await store.list('c'), [{ partition: { file: 'a' }, offset: { position: 3 } }])
      assert.deepEqual(await store.read('c', [{ file: 'b' }, { file: 'a' }]), [undefined, { position: 3 }])
      assert.deepEqual(await store.list('other'), [])
      assert.equal((await readFile(path, 'utf8')).split('\n').length, 2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('refuses a file of another kind and leaves it alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-offsets-'))
    try {
      const path = join(folder, 'offsets')
      await writeFile(path, Buffer.from('aced0005737200\nxx\n'))
      await assert.rejects(
        FileLog.open(path, () => undefined),
        /is not an offset file of this program/,
      )
      assert.equal(await readFile(path, 'utf8'), 'aced0005737200\nxx\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
