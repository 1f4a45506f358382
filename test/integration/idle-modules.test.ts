import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { cachedDataVersionTag } from 'node:v8'
import { NaruProcess } from '../support/naru-process.ts'
import { TestBroker } from '../support/test-broker.ts'

const RECORDER = new URL('../support/record-modules.mjs', import.meta.url).href

/** Memory of a worker that has nothing to do is, most of all, code; a figure would differ from machine to machine, a list does not. */
describe('an idle worker', () => {
  test('loads no connector, nothing of the embedded parts and, once its code is compiled, no type stripper', async () => {
    await using broker = await TestBroker.start()
    const folder = await mkdtemp(join(tmpdir(), 'naru-idle-'))
    try {
      await writeFile(join(folder, 'worker.properties'), properties(broker.bootstrap))
      await modulesOfAnIdleWorker(folder) // compiles
      const modules = await modulesOfAnIdleWorker(folder)
      const loaded = (pattern: RegExp) => modules.filter((each) => pattern.test(each))
      assert.equal(loaded(/runtime\/connect\.ts$/).length, 1, 'what is loaded is recorded')
      assert.equal(loaded(/^NativeModule http$/).length, 1, "and so are Node's own modules")
      assert.deepEqual(loaded(/\/connectors\/\w+\/.*\.ts$/), [])
      assert.deepEqual(loaded(/node_modules\/(@aws-sdk|@smithy|pg|pg-\w+|typescript\w*)\//), [])
      assert.deepEqual(loaded(/\/(embedded|runtime\/testing|cli\/(demo|lab|connect|templates))\//), [])
      assert.deepEqual(loaded(/NativeModule internal\/deps\/(amaro|undici|acorn|minimatch)\//), [])
      assert.deepEqual(loaded(/NativeModule (inspector|repl|sqlite|test|wasi)$/), [])
      assert.deepEqual(loaded(/kafkajs\/src\/(admin|cluster|consumer|producer)\//), [], 'connections only')
      assert.deepEqual(loaded(/^NativeModule (https|tls)$/), [], 'neither Kafka nor REST is reached by TLS')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test("does without V8's optimizing compilers until a thread for tasks starts, and compiles nothing twice for it", async () => {
    await using broker = await TestBroker.start()
    const folder = await mkdtemp(join(tmpdir(), 'naru-idle-'))
    try {
      await writeFile(join(folder, 'worker.properties'), properties(broker.bootstrap))
      await writeFile(join(folder, 'lines.txt'), 'a line\n')
      {
        await using worker = await startWorker(folder)
        assert.equal(await worker.signal('SIGTERM'), 0, worker.output)
        const flags = Object.keys(await compiled(folder))
        assert.equal(flags.length, 1)
        assert.ok(!flags.includes(ownFlags()), 'the compilers are off')
      }
      {
        await using worker = await startWorker(folder)
        await postFileSource(worker, join(folder, 'lines.txt'))
        await taskRuns(worker)
        assert.equal(await worker.signal('SIGTERM'), 0, worker.output)
        assert.ok(Object.hasOwn(await compiled(folder), ownFlags()), 'they are on in threads')
      }
      const start = async (): ReturnType<typeof compiled> => {
        await using worker = await startWorker(folder)
        await taskRuns(worker)
        assert.equal(await worker.signal('SIGTERM'), 0, worker.output)
        return await compiled(folder)
      }
      await rm(join(folder, 'naru'), { recursive: true })
      assert.deepEqual(
        await start(),
        await start(),
        'what the first start compiles, with threads, is good for the next',
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

async function modulesOfAnIdleWorker(folder: string): Promise<readonly string[]> {
  const record = join(folder, 'modules.txt')
  await writeFile(record, '')
  await using worker = await startWorker(folder, { NODE_OPTIONS: `--import=${RECORDER}`, RECORD_MODULES: record })
  assert.equal(await worker.signal('SIGTERM'), 0, worker.output)
  return (await readFile(record, 'utf8')).split('\n')
}

/** Of the properties in `folder`, with a compile cache of its own there. */
async function startWorker(folder: string, env: Readonly<Record<string, string>> = {}): Promise<NaruProcess> {
  const worker = new NaruProcess(['worker', join(folder, 'worker.properties')], {
    XDG_CACHE_HOME: folder,
    ...env,
  })
  while (!/worker \S+ is ready/.test(worker.output)) {
    assert.ok(worker.running, worker.output)
    await sleep(20)
  }
  return worker
}

function urlOf(worker: NaruProcess): string {
  return /REST listens on (http:[\d/.:]+)/.exec(worker.output)![1]!
}

async function postFileSource(worker: NaruProcess, file: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ 'connector.class': 'FileStreamSource', topic: 'lines', file })
  const { status } = await fetch(`${urlOf(worker)}/connectors/lines/config`, { method: 'PUT', headers, body })
  assert.equal(status, 201)
}

async function taskRuns(worker: NaruProcess): Promise<void> {
  for (;;) {
    assert.ok(worker.running, worker.output)
    const answer = await fetch(`${urlOf(worker)}/connectors/lines/tasks/0/status`)
    if (answer.ok && ((await answer.json()) as { state: string }).state === 'RUNNING') return
    await sleep(20)
  }
}

/** Entries of the compile cache by the flags of V8 they were made under, with the times they were written. */
async function compiled(folder: string): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
  const found: Record<string, Record<string, number>> = {}
  const cache = join(folder, 'naru', 'compiled')
  for (const name of await readdir(cache)) {
    const flags = /-([\da-f]{8})(-\d+)?$/.exec(name)![1]!
    found[flags] = {}
    for (const entry of await readdir(join(cache, name)))
      found[flags][entry] = (await stat(join(cache, name, entry))).mtimeMs
  }
  return found
}

/** As the compile cache names them. */
function ownFlags(): string {
  return cachedDataVersionTag().toString(16).padStart(8, '0')
}

function properties(bootstrap: string): string {
  const lines = [`bootstrap.servers=${bootstrap}`, 'group.id=idle', 'listeners=http://127.0.0.1:0']
  for (const kind of ['key', 'value']) lines.push(`${kind}.converter=org.apache.kafka.connect.json.JsonConverter`)
  for (const kind of ['config', 'offset', 'status'])
    lines.push(`${kind}.storage.topic=idle-${kind}`, `${kind}.storage.replication.factor=1`)
  return lines.join('\n')
}
