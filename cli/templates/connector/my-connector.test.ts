import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectorAcceptance, SinkTaskHarness, SourceTaskHarness } from 'naru/testing'
import plugin from './plugin.ts'

const props = { topic: 'numbers', 'interval.ms': '1' }

void test('the source counts, and goes on behind the last committed number', async () => {
  await using source = await SourceTaskHarness.start({ plugin, connector: 'MySource', props })
  const values = (await source.records(3)).map(({ value }) => value)
  assert.deepEqual(values[2], { number: 3n, text: 'number 3' })
  await source.commit()
  await source.restart()
  const [fourth] = await source.records(1)
  assert.deepEqual(fourth?.sourceOffset, { number: 4 })
})

/** A file in a folder of its own, that goes with the test. */
async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'my-connector-'))
  const file = join(folder, 'lines')
  return { file, props: { file }, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

void test('the sink writes a line per record', async () => {
  await using scope = await setUp()
  await using sink = await SinkTaskHarness.start({ plugin, connector: 'MySink', props: scope.props })
  await sink.put(sink.record({ value: 'one' }), sink.record({ value: 'two' }))
  assert.deepEqual(await sink.commit(), [{ topic: 'topic', partition: 0, offset: 2 }])
  assert.equal(await readFile(scope.file, 'utf8'), 'one\ntwo\n')
})

// What every connector has to get right.
connectorAcceptance({ plugin, connector: 'MySource', setUp: async () => ({ props }), feed: async () => {} })
connectorAcceptance({
  plugin,
  connector: 'MySink',
  setUp,
  record: (sink, number) => sink.record({ value: `line ${number}` }),
  stored: async ({ props: { file = '' } }) => (await readFile(file, 'utf8')).split('\n').length - 1,
})
