import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { NaruProcess } from '../support/naru-process.ts'
import { WorkerLab, ask, eventually } from '../support/worker-lab.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The fenced blocks of one language in docs/writing-a-connector.md. */
async function blocks(language: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'docs', 'writing-a-connector.md'), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code]) =>
    code!.trim(),
  )
}

async function succeeds(command: NaruProcess): Promise<void> {
  await using _ = command
  assert.equal(await command.end(), 0, command.output)
}

describe('docs/writing-a-connector.md', () => {
  test('leads from nothing to a connector that is tested, installed, validated and runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-new-connector-'))
    try {
      const [create = '', testing = ''] = await blocks('sh')
      const [naru, ...args] = create.split(' ')
      assert.equal(naru, 'naru')
      await succeeds(new NaruProcess([...args, '--dir', folder]))

      // 2: as `npm install` and `npm test` would
      assert.equal(testing, 'npm test')
      const plugin = join(folder, 'my-connector')
      const { scripts } = JSON.parse(await readFile(join(plugin, 'package.json'), 'utf8')) as {
        scripts: { test: string }
      }
      const [node, ...testArgs] = scripts.test.split(' ')
      assert.equal(node, 'node')
      const installed = join(folder, 'installed')
      await cp(plugin, installed, { recursive: true })
      await mkdir(join(installed, 'node_modules'))
      await symlink(join(ROOT, 'runtime'), join(installed, 'node_modules', 'naru'))
      await succeeds(new NaruProcess([...testArgs, join(installed, 'my-connector.test.ts')], {}, [process.execPath]))

      // 3: the plugin's folder as it was made, without node_modules: the worker gives it the contract
      await using lab = await WorkerLab.open()
      const worker = await lab.worker({ props: { 'plugin.path': plugin } })
      const [source, sink] = (await blocks('json')).map((json) => JSON.parse(json) as Record<string, string>)
      const { body } = await ask(worker, 'GET', '/connector-plugins')
      assert.ok((body as { class: string }[]).some((each) => each.class === source!['connector.class']))

      // 4
      const path = `/connector-plugins/${source!['connector.class']}/config/validate`
      const validated = await ask(worker, 'PUT', path, source)
      assert.equal((validated.body as { error_count: number }).error_count, 0)
      const file = join(folder, sink!['file']!)
      for (const config of [source!, { ...sink!, file }]) {
        const named = { ...config, name: lab.name(config['name']!) }
        const { status } = await ask(worker, 'PUT', `/connectors/${named.name}/config`, named)
        assert.equal(status, 201)
      }
      await eventually('lines arrive', async () => {
        const text = await readFile(file, 'utf8').catch(() => '')
        return text.split('\n').length > 3 || text
      })
      assert.match(await readFile(file, 'utf8'), /^Struct\{number=1,text=number 1\}\n/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('names the files of a new connector after it, and refuses what is no package name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-new-connector-'))
    try {
      await succeeds(new NaruProcess(['connector', 'new', 'orders-api', '--dir', folder]))
      const text = await readFile(join(folder, 'orders-api', 'plugin.ts'), 'utf8')
      assert.match(text, /import \{ OrdersApiSinkConnector \} from '\.\/orders-api-sink\.ts'/)
      assert.match(text, /name: 'orders-api-connector'/)
      await using again = new NaruProcess(['connector', 'new', 'orders-api', '--dir', folder])
      assert.equal(await again.end(), 2)
      assert.match(again.output, /orders-api cannot be made: EEXIST/)
      await using bad = new NaruProcess(['connector', 'new', 'Orders API', '--dir', folder])
      assert.equal(await bad.end(), 2)
      assert.match(bad.output, /"Orders API" is no name for a package/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
