import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Endpoints } from '../../cli/lab/endpoints.ts'
import { ConnectRest } from '../../cli/connect/rest.ts'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { NaruProcess } from '../support/naru-process.ts'
import { eventually } from '../support/worker-lab.ts'
import { SILENT } from './support/kafka-under-test.ts'

describe('naru dev --plugins', () => {
  test('takes up changed code while connectors run, and keeps the old one when the new one cannot be loaded', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-dev-'))
    try {
      const plugins = join(folder, 'plugins')
      await using create = new NaruProcess(['connector', 'new', 'my-connector', '--dir', plugins])
      assert.equal(await create.end(), 0, create.output)
      const ports = ['--rest-port', '0', '--kafka-port', '0', '--no-postgres', '--no-s3']
      const data = join(folder, 'data')
      await using dev = new NaruProcess(['dev', '--data', data, '--plugins', plugins, ...ports])
      const printed = async (line: RegExp): Promise<void> =>
        eventually(`naru dev prints ${String(line)}`, () => Promise.resolve(line.test(dev.output) || dev.output))
      await printed(/Ready/)
      const endpoints = JSON.parse(await readFile(join(data, 'endpoints.json'), 'utf8')) as Endpoints

      const rest = new ConnectRest(endpoints.rest)
      const config = { 'connector.class': 'example.MySourceConnector', topic: 'numbers', 'interval.ms': '10' }
      await rest.create({ name: 'numbers', config })
      await using clients = new KafkaClients({ props: { 'bootstrap.servers': endpoints.kafka }, logger: SILENT })
      await eventually('the topic is there', async () => (await clients.admin().partitions('numbers')) === 1)
      await using fetcher = clients.fetcher()
      fetcher.assign([{ topic: 'numbers', partition: 0, offset: 'earliest' }])
      /** Reads on until a value has this text. */
      const until = async (text: string): Promise<void> =>
        eventually(`a record says ${text}`, async () => {
          const values = (await fetcher.poll({ timeoutMs: 100 })).map(({ value }) => String(value))
          return values.some((value) => value.includes(text)) || values.at(-1)
        })
      await until('number 3')

      const source = join(plugins, 'my-connector', 'my-source.ts')
      const code = await readFile(source, 'utf8')
      await writeFile(source, code.replace('`number ${number}`', '`edited ${number}`'))
      await printed(/my-connector: new code; restarted: numbers\n/)
      await until('edited')

      await writeFile(source, code.replace('class MySourceTask', 'klass MySourceTask'))
      await printed(/my-connector: cannot be loaded, the old code goes on: .+\n/)
      assert.equal(dev.output.match(/cannot be loaded/g)?.length, 1)
      const end = fetcher.position('numbers', 0)!
      await eventually('the old code goes on', async () => {
        await fetcher.poll({ timeoutMs: 100 })
        return fetcher.position('numbers', 0)! > end + 20
      })
      const status = await rest.status('numbers')
      assert.deepEqual([status?.connector.state, status?.tasks[0]?.state], ['RUNNING', 'RUNNING'])

      await writeFile(source, code.replace('`number ${number}`', '`mended ${number}`'))
      await until('mended')
      assert.equal(await dev.signal('SIGINT'), 0, dev.output)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
