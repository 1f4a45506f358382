import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
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
})

async function modulesOfAnIdleWorker(folder: string): Promise<readonly string[]> {
  const record = join(folder, 'modules.txt')
  await writeFile(record, '')
  await using worker = new NaruProcess(['worker', join(folder, 'worker.properties')], {
    NODE_OPTIONS: `--import=${RECORDER}`,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    RECORD_MODULES: record,
  })
  while (!/worker \S+ is ready/.test(worker.output)) {
    assert.ok(worker.running, worker.output)
    await sleep(20)
  }
  assert.equal(await worker.signal('SIGTERM'), 0, worker.output)
  return (await readFile(record, 'utf8')).split('\n')
}

function properties(bootstrap: string): string {
  const lines = [`bootstrap.servers=${bootstrap}`, 'group.id=idle', 'listeners=http://127.0.0.1:0']
  for (const kind of ['key', 'value']) lines.push(`${kind}.converter=org.apache.kafka.connect.json.JsonConverter`)
  for (const kind of ['config', 'offset', 'status'])
    lines.push(`${kind}.storage.topic=idle-${kind}`, `${kind}.storage.replication.factor=1`)
  return lines.join('\n')
}
