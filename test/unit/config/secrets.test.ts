import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ConfigProvider } from '../../../runtime/api/index.ts'
import {
  DirectoryConfigProvider,
  EnvVarConfigProvider,
  FileConfigProvider,
} from '../../../runtime/config/config-providers.ts'
import { placeholders, Secrets, withoutSecrets } from '../../../runtime/config/secrets.ts'

const CLASSES: Readonly<Record<string, new () => ConfigProvider>> = {
  File: FileConfigProvider,
  Directory: DirectoryConfigProvider,
  Env: EnvVarConfigProvider,
}

let folder = ''

function secrets(extra: Readonly<Record<string, string>> = {}): Secrets {
  const props = {
    'config.providers': 'file,directory,env',
    'config.providers.file.class': 'File',
    'config.providers.directory.class': 'Directory',
    'config.providers.env.class': 'Env',
    ...extra,
  }
  return Secrets.configure(props, (name) => CLASSES[name]!)
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'naru-secrets-'))
  await writeFile(join(folder, 'db.properties'), 'password=s3cret\nuser=me')
  await mkdir(join(folder, 'keys'))
  await writeFile(join(folder, 'keys', 'token'), 'abc\n')
  await symlink(join(folder, 'db.properties'), join(folder, 'keys', 'link'))
})

after(() => rm(folder, { recursive: true }))

describe('placeholders', () => {
  it('end the provider at the first colon and the path at the second', () => {
    assert.deepEqual(
      placeholders('${p:k} ${p::k} ${p:a:b:c}').map(({ provider, path, key }) => [provider, path, key]),
      [
        ['p', '', 'k'],
        ['p', '', 'k'],
        ['p', 'a', 'b:c'],
      ],
    )
  })

  it('are replaced by what files, folders and the environment hold, several in one value', async () => {
    process.env['NARU_TEST_SECRET'] = 'from env'
    const resolved = await secrets().resolve({
      url: `\${file:${folder}/db.properties:user}:\${file:${folder}/db.properties:password}@host`,
      token: `\${directory:${folder}/keys:token}`,
      env: '${env::NARU_TEST_SECRET}',
      plain: 'x',
    })
    assert.deepEqual(resolved, { url: 'me:s3cret@host', token: 'abc\n', env: 'from env', plain: 'x' })
  })

  it('of unknown providers and keys stay as they are', async () => {
    const props = {
      a: '${vault:x:y}',
      b: `\${file:${folder}/db.properties:nope}`,
      c: '${env::NARU_NOT_SET}',
      d: '${date}',
    }
    assert.deepEqual(await secrets().resolve(props), props)
  })

  it('that cannot be read are named, without a value', async () => {
    await assert.rejects(secrets().resolve({ a: '${file:/does/not/exist:k}' }), (error: Error) => {
      assert.match(error.message, /cannot resolve \$\{file:\/does\/not\/exist:k\} of the configuration: .*ENOENT/)
      return true
    })
    await assert.rejects(secrets().resolve({ a: '${env:path:K}' }), /Path is not supported/)
  })

  it('reach only what the provider allows, links followed', async () => {
    const narrow = secrets({
      'config.providers.file.param.allowed.paths': join(folder, 'keys'),
      'config.providers.env.param.allowlist.pattern': 'OTHER_.*',
    })
    const props = {
      a: `\${file:${folder}/db.properties:password}`,
      b: `\${file:${folder}/keys/link:password}`,
      c: '${env::NARU_TEST_SECRET}',
    }
    assert.deepEqual(await narrow.resolve(props), props)
  })

  it('come back into task configs before they are stored', () => {
    const raw = { password: '${file:/f:password}', table: 't' }
    assert.deepEqual(withoutSecrets({ password: 's3cret', table: 'u', more: 'm' }, raw), {
      password: raw.password,
      table: 'u',
      more: 'm',
    })
  })
})

it('a provider without a class is named', () => {
  assert.throws(
    () => Secrets.configure({ 'config.providers': 'x' }, () => FileConfigProvider),
    /config\.providers\.x\.class/,
  )
})
