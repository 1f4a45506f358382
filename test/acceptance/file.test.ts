import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const LINES = Array.from({ length: 5 }, (_, index) => `Line ${index + 1}`)

describe('file connectors', () => {
  let cluster: ConnectCluster
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'naru-files-'))
    // Nothing here is about threads, and starting them takes longest.
    cluster = await startConnectCluster({ workerProps: { 'task.isolation': 'inline' } })
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const offsetsOf = (name: string): string => `/connectors/${name}/offsets`

  async function source(
    of: string,
    content: readonly string[],
  ): Promise<{ name: string; file: string; topic: string }> {
    const [name, file, topic] = [cluster.name(of), join(folder, of), await cluster.createTopic(`${of}-topic`)]
    await writeFile(file, content.map((line) => `${line}\n`).join(''))
    await cluster.configure(name, { 'connector.class': 'FileStreamSource', 'tasks.max': '1', file, topic })
    await cluster.running(name, 1)
    return { name, file, topic }
  }

  async function sink(of: string, topics: Props, tasks = 1): Promise<{ name: string; file: string }> {
    const [name, file] = [cluster.name(of), join(folder, of)]
    const config = { 'connector.class': 'FileStreamSink', 'tasks.max': String(tasks), file, ...topics }
    await cluster.configure(name, config)
    await cluster.running(name, tasks)
    return { name, file }
  }

  async function values(topic: string, count: number): Promise<readonly (string | null)[]> {
    return (await cluster.kafka.consume(topic, count)).map(({ value }) => value)
  }

  async function fileHas(file: string, lines: readonly string[]): Promise<void> {
    const wanted = lines.map((line) => `${line}\n`).join('')
    await until(`${file} has ${lines.length} lines`, async () => {
      const text = await readFile(file, 'utf8').catch(() => '')
      return text === wanted || text
    })
  }

  async function stopped(name: string): Promise<void> {
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
  }

  /** The offset of a sink's partition 0, or the position of a source, as REST tells it. */
  async function committed(name: string, offset: number): Promise<void> {
    await until(`${name} has committed ${offset}`, async () => {
      const { body } = await cluster.ask<{ offsets: { offset: Record<string, number> }[] }>('GET', offsetsOf(name))
      return Object.values(body.offsets[0]?.offset ?? {})[0] === offset || body
    })
  }

  test('FS1 testSimpleSink: all lines are in the file, in order', async () => {
    const topic = await cluster.createTopic('simple-sink')
    await cluster.kafka.produce(topic, LINES)
    const { name, file } = await sink('simple-sink-file', { topics: topic })
    await fileHas(file, LINES)
    await cluster.delete(name)
  })

  test('FS2 testAlterOffsets: a sink that is set back to its last record writes one more line', async () => {
    const topic = await cluster.createTopic('altered-sink')
    await cluster.kafka.produce(topic, LINES)
    const { name, file } = await sink('altered-sink-file', { topics: topic })
    await fileHas(file, LINES)
    await stopped(name)
    const { status, body } = await cluster.ask('PATCH', offsetsOf(name), {
      offsets: [{ partition: { kafka_topic: topic, kafka_partition: 0 }, offset: { kafka_offset: LINES.length - 1 } }],
    })
    assert.deepEqual(
      [status, body],
      [200, { message: 'The offsets for this connector have been altered successfully' }],
    )
    await cluster.transition(name, 'resume')
    await fileHas(file, [...LINES, LINES.at(-1)!])
    await cluster.delete(name)
  })

  test('FS3 testResetOffsets: a sink whose offsets are reset writes all lines again', async () => {
    const topic = await cluster.createTopic('reset-sink')
    await cluster.kafka.produce(topic, LINES)
    const { name, file } = await sink('reset-sink-file', { topics: topic })
    await fileHas(file, LINES)
    await committed(name, LINES.length)
    await stopped(name)
    const { status, body } = await cluster.ask('DELETE', offsetsOf(name))
    assert.deepEqual([status, body], [200, { message: 'The offsets for this connector have been reset successfully' }])
    await cluster.transition(name, 'resume')
    await fileHas(file, [...LINES, ...LINES])
    await cluster.delete(name)
  })

  test('FS4 testSinkMultipleTopicsWithMultipleTasks: two tasks write the lines of two topics into one file', async () => {
    const topics = [await cluster.createTopic('many-a'), await cluster.createTopic('many-b')]
    for (const topic of topics) await cluster.kafka.produce(topic, LINES)
    const { name, file } = await sink('many-sink-file', { topics: topics.join(',') }, 2)
    await until('all lines are there', async () => {
      const lines = (await readFile(file, 'utf8')).trim().split('\n').sort()
      return JSON.stringify(lines) === JSON.stringify([...LINES, ...LINES].sort()) || lines
    })
    await cluster.delete(name)
  })

  test('FS5 testSimpleSource: all lines are in the topic, in order', async () => {
    const { name, topic } = await source('simple-source', LINES)
    assert.deepEqual(await values(topic, LINES.length), LINES)
    await cluster.delete(name)
  })

  test('FS6 testStopResumeSavedOffset: a source that was stopped goes on with the new lines, and repeats none', async () => {
    const { name, file, topic } = await source('resumed-source', LINES)
    await values(topic, LINES.length)
    await stopped(name)
    const more = LINES.map((line) => `${line} and more`)
    await appendFile(file, more.map((line) => `${line}\n`).join(''))
    await cluster.transition(name, 'resume')
    await values(topic, 2 * LINES.length)
    assert.deepEqual(await values(topic, 2 * LINES.length), [...LINES, ...more])
    assert.equal(await cluster.kafka.endOffset(topic), 2 * LINES.length)
    await cluster.delete(name)
  })

  test('FS7 testAlterOffsets: a source reads again from the position that it is given', async () => {
    const { name, file, topic } = await source('altered-source', LINES)
    await values(topic, LINES.length)
    await stopped(name)
    const position = `${LINES[0]}\n`.length
    const { status, body } = await cluster.ask('PATCH', offsetsOf(name), {
      offsets: [{ partition: { filename: file }, offset: { position } }],
    })
    assert.deepEqual(
      [status, body],
      [200, { message: 'The offsets for this connector have been altered successfully' }],
    )
    await cluster.transition(name, 'resume')
    assert.deepEqual(await values(topic, 2 * LINES.length - 1), [...LINES, ...LINES.slice(1)])
    await cluster.delete(name)
  })

  test('FS8 testResetOffsets: a source whose offsets are reset reads everything again', async () => {
    const { name, topic } = await source('reset-source', LINES)
    await values(topic, LINES.length)
    await stopped(name)
    const { status, body } = await cluster.ask('DELETE', offsetsOf(name))
    assert.deepEqual([status, body], [200, { message: 'The offsets for this connector have been reset successfully' }])
    await cluster.transition(name, 'resume')
    assert.deepEqual(await values(topic, 2 * LINES.length), [...LINES, ...LINES])
    await cluster.delete(name)
  })
})
