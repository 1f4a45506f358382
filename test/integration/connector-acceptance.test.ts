import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { plain } from 'naru/api'
import { connectorAcceptance } from 'naru/testing'
import type { Scope } from 'naru/testing'
import file from '../../connectors/file/index.ts'
import postgres from '../../connectors/postgres/index.ts'
import s3 from '../../connectors/s3/index.ts'
import { PostgresUnderTest } from '../support/postgres-source-driver.ts'
import { sinkProps } from './support/s3-sink-driver.ts'
import { embeddedTarget } from './support/s3-target.ts'
import type { EmbeddedTarget } from './support/s3-target.ts'

// The suite that naru/testing offers to other connectors, for our own.

async function inFile(more: Readonly<Record<string, string>>): Promise<Scope> {
  const folder = await mkdtemp(join(tmpdir(), 'naru-acceptance-file-'))
  const path = join(folder, 'lines')
  await appendFile(path, '')
  return {
    props: { file: path, ...more },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const lineCount = async (path: string): Promise<number> => (await readFile(path, 'utf8')).split('\n').length - 1

connectorAcceptance({
  plugin: file,
  connector: 'FileStreamSource',
  setUp: () => inFile({ topic: 'lines' }),
  async feed({ props: { file: path = '' } }, count) {
    const from = await lineCount(path)
    await appendFile(path, Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join(''))
  },
})

connectorAcceptance({
  plugin: file,
  connector: 'FileStreamSink',
  setUp: () => inFile({}),
  record: (sink, number) => sink.record({ value: `line ${number}` }),
  stored: ({ props: { file: path = '' } }) => lineCount(path),
})

const targets = new WeakMap<Scope, EmbeddedTarget>()

connectorAcceptance({
  plugin: s3,
  connector: 'S3Sink',
  async setUp() {
    const target = await embeddedTarget()
    const scope: Scope = { props: sinkProps(target), [Symbol.asyncDispose]: () => target[Symbol.asyncDispose]() }
    targets.set(scope, target)
    return scope
  },
  record: (sink, number) => sink.record({ value: { number } }),
  async stored(scope) {
    const target = targets.get(scope)!
    const texts = await Promise.all((await target.keys()).map((key) => target.text(key)))
    return texts.join('').split('\n').length - 1
  },
})

let database: Promise<PostgresUnderTest> | undefined
let tables = 0
after(async () => (await database)?.[Symbol.asyncDispose]())

connectorAcceptance({
  plugin: postgres,
  connector: 'io.debezium.connector.postgresql.PostgresConnector',
  async setUp() {
    const db = await (database ??= PostgresUnderTest.start())
    const table = `numbers_${++tables}`
    await db.sql(`CREATE TABLE ${table} (id serial PRIMARY KEY, text text)`)
    const names = { 'slot.name': table, 'publication.name': table, 'publication.autocreate.mode': 'filtered' }
    return { props: db.props({ ...names, 'table.include.list': `public.${table}` }) }
  },
  async feed({ props }, count) {
    const table = props['table.include.list']
    await (await database!).sql(`INSERT INTO ${table} (text) SELECT 'n' FROM generate_series(1, ${count})`)
  },
  /** A snapshot that is taken again has other times and positions. */
  identity({ value, topic }) {
    const { after: row } = plain(value) as { readonly after: unknown }
    return [topic, plain(row)]
  },
})
