import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readJavaOffsets } from '../../../runtime/storage/java-offset-file.ts'
import { startConnectCluster } from '../../acceptance/support/connect-cluster.ts'
import { StandaloneWorker } from '../../acceptance/support/standalone-worker.ts'
import { NaruProcess } from '../../support/naru-process.ts'
import { JavaStandalone } from './support/java-standalone.ts'

describe('a standalone worker of Kafka Connect', () => {
  test('and one of Naru go on from each other by their offset file; naru connect import takes its connectors over', async () => {
    await using naru = await StandaloneWorker.lab()
    await using cluster = await startConnectCluster()
    const name = cluster.name('lines')
    const topic = cluster.name('lines-topic')
    const file = join(naru.folder, 'lines')
    // Kafka Connect counts characters where it skips bytes: only with ASCII are its own positions right.
    const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index}`)
    const write = (text: readonly string[]): Promise<void> => appendFile(file, text.map((line) => `${line}\n`).join(''))
    const values = async (count: number): Promise<readonly (string | null)[]> =>
      (await naru.kafka.consume(topic, count)).map(({ value }) => value)
    const config = { name, 'connector.class': 'FileStreamSource', 'tasks.max': '1', file, topic }
    const { listeners: _, 'plugin.path': __, ...props } = naru.props()
    const java = (connectors = [config]): Promise<JavaStandalone> =>
      JavaStandalone.start({ folder: naru.folder, props, connectors })

    await writeFile(file, '')
    await write(lines(10))
    {
      await using worker = await java()
      await values(10)
      await worker.stop()
    }
    const key = `["${name}",{"filename":"${file}"}]`
    const keys = readJavaOffsets(await readFile(naru.offsetFile)).map((entry) => String(entry.key))
    assert.deepEqual(keys, [key])

    await write(lines(12).slice(10))
    await naru.start([{ name, config }])
    assert.deepEqual(await values(12), lines(12), 'Naru goes on behind the tenth line')
    await naru.stop()

    await write(lines(14).slice(12))
    await using worker = await java()
    assert.deepEqual(await values(14), lines(14), 'Kafka Connect goes on behind the twelfth')

    const args = ['connect', 'import', '--from', worker.url, '--to', cluster.worker.url]
    await using plan = new NaruProcess([...args, '--move', '--dry-run'])
    assert.equal(await plan.end(), 0, plan.output)
    assert.match(plan.output, new RegExp(`^${name} +RUNNING +would be made RUNNING +1 offset$`, 'm'))
    await using moved = new NaruProcess([...args, '--move'])
    assert.equal(await moved.end(), 0, moved.output)
    assert.match(moved.output, new RegExp(`^${name} +RUNNING +made RUNNING +1 offset set$`, 'm'))
    await cluster.running(name, 1)
    await write(lines(16).slice(14))
    assert.deepEqual(await values(16), lines(16), 'the imported connector goes on behind the fourteenth')
    assert.equal(await naru.kafka.endOffset(topic), 16)
    const state = (await (await fetch(`${worker.url}/connectors/${name}/status`)).json()) as {
      connector: { state: string }
    }
    assert.equal(state.connector.state, 'STOPPED')
  })
})
