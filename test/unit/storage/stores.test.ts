import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigBackingStore } from '../../../runtime/storage/config-backing-store.ts'
import { FileLog } from '../../../runtime/storage/file-log.ts'
import { readJavaOffsets } from '../../../runtime/storage/java-offset-file.ts'
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
  const inFolder = async (work: (path: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-offsets-'))
    try {
      await work(join(folder, 'sub', 'offsets'))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const openStore = (path: string) => OffsetBackingStore.open({ open: (reader) => FileLog.open(path, reader) })

  it('keeps offsets over a restart and drops removed ones', () =>
    inFolder(async (path) => {
      {
        await using store = await openStore(path)
        await store.write('c', [
          { partition: { file: 'a' }, offset: { position: 1 } },
          { partition: { file: 'b' }, offset: { position: 2 } },
        ])
        await store.write('c', [{ partition: { file: 'a' }, offset: { position: 3 } }])
        await store.write('c', [{ partition: { file: 'b' }, offset: null }])
      }
      await using store = await openStore(path)
      assert.deepEqual(await store.list('c'), [{ partition: { file: 'a' }, offset: { position: 3 } }])
      assert.deepEqual(await store.read('c', [{ file: 'b' }, { file: 'a' }]), [undefined, { position: 3 }])
      assert.deepEqual(await store.list('other'), [])
      assert.equal(readJavaOffsets(await readFile(path)).length, 1)
    }))

  it('takes many appends at once, and shows each when it is on the disk', () =>
    inFolder(async (path) => {
      await using store = await openStore(path)
      await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          await store.write('c', [{ partition: { n }, offset: { position: n } }])
          const text = (await readFile(path)).toString('latin1')
          assert.ok(text.includes(`["c",{"n":${n}}]`))
        }),
      )
      assert.equal((await store.list('c')).length, 50)
    }))

  it('takes over a file of version 0.1, less a torn last line, and an empty file', () =>
    inFolder(async (path) => {
      await mkdir(dirname(path))
      const line = (key: string, value: string | null): string =>
        `${JSON.stringify({ key: btoa(key), value: value === null ? null : btoa(value) })}\n`
      await writeFile(
        path,
        line('["c",{"f":"a"}]', '{"p":1}') +
          line('["c",{"f":"b"}]', '{"p":2}') +
          line('["c",{"f":"b"}]', null) +
          '{"key":"AA',
      )
      {
        await using store = await openStore(path)
        assert.deepEqual(await store.list('c'), [{ partition: { f: 'a' }, offset: { p: 1 } }])
        await store.write('c', [{ partition: { f: 'c' }, offset: { p: 3 } }])
      }
      assert.equal(readJavaOffsets(await readFile(path)).length, 2)
      await writeFile(path, '')
      await using store = await openStore(path)
      assert.deepEqual(await store.list('c'), [])
    }))

  it('refuses a file of another kind and leaves it alone', () =>
    inFolder(async (path) => {
      await mkdir(dirname(path))
      for (const [content, why] of [
        ['aced0005737200\nxx\n', /is not an offset file, or is damaged/],
        ['hello', /neither of Java nor of version 0.1/],
        [Buffer.from('aced0005737200', 'hex'), /ends in the middle/],
      ] as const) {
        await writeFile(path, content)
        await assert.rejects(openStore(path), why)
        assert.deepEqual(await readFile(path), Buffer.from(content))
      }
    }))
})
