import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { FileStreamSinkConnector, FileStreamSinkTask } from '../../../connectors/file/file-stream-sink.ts'
import { FileStreamSourceConnector, FileStreamSourceTask } from '../../../connectors/file/file-stream-source.ts'
import { LineSplitter } from '../../../connectors/file/line-splitter.ts'
import { NO_HEADERS, schema } from '../../../runtime/api/index.ts'
import type { SinkRecord, SourceOffset, SourceRecord } from '../../../runtime/api/index.ts'
import { silentLogger } from '../plugins/silent-logger.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'naru-file-'))
})
after(() => rm(folder, { recursive: true }))

async function started(file: string, offset?: SourceOffset, props = {}): Promise<FileStreamSourceTask> {
  const task = new FileStreamSourceTask()
  const config = { file, topic: 't', ...props }
  await task.start(config, {
    ...{ connector: 'c', task: 0, logger: silentLogger, configs: async () => config },
    offsets: { offsets: async () => [offset] },
  })
  return task
}

/** Polls until `count` records are there. */
async function records(task: FileStreamSourceTask, count: number): Promise<readonly SourceRecord[]> {
  const all: SourceRecord[] = []
  while (all.length < count) all.push(...(await task.poll(AbortSignal.timeout(30_000))))
  return all
}

describe('lines', () => {
  it('end with any line end, also when it is cut in two', () => {
    const lines = new LineSplitter(10)
    assert.deepEqual(lines.push(Buffer.from('a\nb\r\nc\rd\r')), [
      { text: 'a', end: 12 },
      { text: 'b', end: 15 },
      { text: 'c', end: 17 },
    ])
    assert.deepEqual(lines.push(Buffer.from('\n\n')), [
      { text: 'd', end: 20 },
      { text: '', end: 21 },
    ])
    assert.deepEqual(lines.push(Buffer.from('e\r')), [])
    assert.deepEqual(lines.push(Buffer.from('f')), [{ text: 'e', end: 23 }])
  })

  it('may be cut inside of a character', () => {
    const bytes = Buffer.from('grün €\n')
    for (let at = 1; at < bytes.length; at++) {
      const lines = new LineSplitter(0)
      assert.deepEqual(
        [...lines.push(bytes.subarray(0, at)), ...lines.push(bytes.subarray(at))],
        [{ text: 'grün €', end: bytes.length }],
      )
    }
  })
})

describe('FileStreamSource', () => {
  it('turns lines into records and goes on as the file grows', async () => {
    const file = join(folder, 'grows')
    await writeFile(file, 'one\ntwo\nthr')
    const task = await started(file)
    const first = await records(task, 2)
    assert.deepEqual(
      first.map(({ value, sourceOffset, topic, key }) => [value, sourceOffset, topic, key]),
      [
        ['one', { position: 4 }, 't', null],
        ['two', { position: 8 }, 't', null],
      ],
    )
    assert.deepEqual(first[0]!.sourcePartition, { filename: file })
    assert.equal(first[0]!.valueSchema?.type, 'STRING')
    await appendFile(file, 'ee\n')
    assert.deepEqual(
      (await records(task, 1)).map(({ value }) => value),
      ['three'],
    )
    await task.stop()
  })

  it('continues behind the stored offset, in batches', async () => {
    const file = join(folder, 'resumes')
    await writeFile(file, 'ä\nb\nc\nd\n')
    const task = await started(file, { position: 3 }, { 'batch.size': '2' })
    const signal = AbortSignal.timeout(30_000)
    assert.deepEqual(
      (await task.poll(signal)).map(({ value }) => value),
      ['b', 'c'],
    )
    assert.deepEqual(
      (await task.poll(signal)).map(({ value }) => value),
      ['d'],
    )
    await task.stop()
  })

  it('waits for a file that is missing, until it is told to stop', async () => {
    const file = join(folder, 'later')
    const task = await started(file)
    const abort = new AbortController()
    const waiting = task.poll(abort.signal)
    abort.abort()
    assert.deepEqual(await waiting, [])
    await writeFile(file, 'there\n')
    assert.deepEqual(
      (await records(task, 1)).map(({ value }) => value),
      ['there'],
    )
    await task.stop()
  })

  it('refuses an offset that is no number', async () => {
    await assert.rejects(started('f', { position: 'x' }), /Offset position is the incorrect type/)
  })

  it('is one task and needs a topic', async () => {
    const connector = new FileStreamSourceConnector()
    await connector.start({ topic: 't' })
    assert.deepEqual(await connector.taskConfigs(), [{ topic: 't' }])
    await assert.rejects(connector.start({ topic: '' }), /String must be non-empty/)
    await assert.rejects(connector.start({}), /Missing required configuration "topic"/)
  })
})

describe('FileStreamSink', () => {
  it('appends the text of values', async () => {
    const file = join(folder, 'out')
    await writeFile(file, 'before\n')
    const task = new FileStreamSinkTask()
    await task.start({ file })
    const record = (valueSchema: SinkRecord['valueSchema'], value: unknown): SinkRecord => ({
      topic: 't',
      partition: 0,
      offset: 0,
      keySchema: undefined,
      key: null,
      valueSchema,
      value,
      timestamp: 0,
      timestampType: 'CreateTime',
      headers: NO_HEADERS,
      originalTopic: 't',
      originalPartition: 0,
      originalOffset: 0,
    })
    await task.put([
      record(schema.string(), 'line'),
      record(schema.struct({ a: schema.int32(), b: schema.float64() }), { a: 1, b: 2 }),
      record(undefined, null),
    ])
    await task.put([])
    const delivered = [{ topic: 't', partition: 0, offset: 1 }]
    assert.equal(await task.preCommit(delivered), delivered)
    await task.stop()
    assert.equal(await readFile(file, 'utf8'), 'before\nline\nStruct{a=1,b=2.0}\nnull\n')
  })

  it('says which file it cannot open', async () => {
    await assert.rejects(
      new FileStreamSinkTask().start({ file: join(folder, 'no', 'such', 'folder') }),
      /Couldn't find or create file/,
    )
  })

  it('has as many tasks as allowed', async () => {
    const connector = new FileStreamSinkConnector()
    await connector.start({ file: 'f' })
    assert.equal((await connector.taskConfigs(3)).length, 3)
  })
})

describe('offsets of a FileStreamSource', () => {
  const connector = new FileStreamSourceConnector()
  const alter = (partition: object | null, offset: object | null, props: object = { file: 'f' }): Promise<boolean> =>
    connector.alterOffsets({ topic: 't', ...props }, [{ partition, offset }] as never)

  it('may be set to a position of a file, and removed whatever they are', async () => {
    assert.equal(await alter({ filename: 'f' }, { position: 12 }), true)
    assert.equal(await alter({ filename: 'other' }, { position: 2n ** 60n }), true)
    assert.equal(await alter({ garbage: 1 }, null), true)
  })

  it('are refused with the messages of Kafka Connect', async () => {
    const cases: readonly [object | null, object, string, object?][] = [
      [
        { filename: 'f' },
        { position: 1 },
        "Offsets cannot be modified if the 'file' configuration is unspecified.",
        {},
      ],
      [{ filename: 'f' }, { position: 1 }, "Offsets cannot be modified if the 'file' configuration", { file: '' }],
      [{ filename: 'f' }, { wrong: 1 }, "Offset objects should either be null or contain the key 'position'"],
      [{ filename: 'f' }, { position: '1' }, "'position' key in the offset is expected to be a Long value"],
      [{ filename: 'f' }, { position: 1.5 }, "'position' key in the offset is expected to be a Long value"],
      [{ filename: 'f' }, { position: -1 }, "'position' key in the offset should be a non-negative value"],
      [null, { position: 1 }, 'Partition objects cannot be null'],
      [{ name: 'f' }, { position: 1 }, "Partition objects should contain the key 'filename'"],
    ]
    for (const [partition, offset, message, props] of cases)
      await assert.rejects(alter(partition, offset, props), (error: Error) => error.message.includes(message))
  })

  it('are exact for a file only', () => {
    assert.equal(connector.exactlyOnceSupport({ topic: 't', file: 'f' }), 'SUPPORTED')
    assert.equal(connector.exactlyOnceSupport({ topic: 't' }), 'UNSUPPORTED')
  })
})
