import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { CompileCache } from '../../../cli/compile-cache.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const IN_USE = 'v24.21.0-x64-1c717fce-0'
const OTHER = 'v22.18.0-x64-964aae3f-0'

describe('pruning the compile cache', () => {
  let root: string
  let cache: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'naru-compile-cache-'))
    cache = join(root, 'compiled')
  })
  afterEach(async () => {
    await rm(root, { recursive: true, force: true })
  })

  const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS)

  /** Days since an entry was read and written. */
  async function entry(path: string, { read, written }: { read: number; written: number }): Promise<void> {
    const file = join(cache, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, 'code')
    await utimes(file, daysAgo(read), daysAgo(written))
  }

  async function folderChanged(name: string, days: number): Promise<void> {
    await utimes(join(cache, name), daysAgo(days), daysAgo(days))
  }

  async function prune(): Promise<void> {
    await new CompileCache({ inUse: join(cache, IN_USE) }).prune()
  }

  async function left(): Promise<string[]> {
    const all = await readdir(cache, { recursive: true })
    return all.filter((each) => each !== 'pruned').sort()
  }

  test('an entry stays for 30 days after it was written or read, whichever was later', async () => {
    await entry(`${IN_USE}/00000001`, { read: 31, written: 31 })
    await entry(`${IN_USE}/00000002`, { read: 29, written: 400 })
    await entry(`${IN_USE}/00000003`, { read: 400, written: 29 })
    await entry(`${IN_USE}/00000004.Xa81sB`, { read: 31, written: 31 })
    await entry(`${OTHER}/00000005`, { read: 31, written: 31 })
    await entry(`${OTHER}/00000006`, { read: 1, written: 31 })
    await prune()
    assert.deepEqual(await left(), [OTHER, `${OTHER}/00000006`, IN_USE, `${IN_USE}/00000002`, `${IN_USE}/00000003`])
  })

  test('a folder that is emptied goes, unless it is in use or changed lately', async () => {
    const created = 'v24.0.0-x64-00000000-0'
    for (const name of [IN_USE, OTHER]) await entry(`${name}/00000001`, { read: 31, written: 31 })
    await mkdir(join(cache, created))
    for (const name of [IN_USE, OTHER]) await folderChanged(name, 31)
    await prune()
    assert.deepEqual(await left(), [created, IN_USE])
  })

  test('what Node does not name so is left alone, however old', async () => {
    await entry('00000001', { read: 400, written: 400 })
    await entry('photos/00000001', { read: 400, written: 400 })
    await entry(`${OTHER}/letter.txt`, { read: 400, written: 400 })
    await entry(`${OTHER}/00000002/00000003`, { read: 400, written: 400 })
    await symlink(join(cache, 'photos'), join(cache, 'v20.0.0-x64-00000000-0'))
    await symlink(join(cache, 'photos', '00000001'), join(cache, OTHER, '00000004'))
    await folderChanged(OTHER, 400)
    const before = await left()
    await prune()
    assert.deepEqual(await left(), before)
  })

  test('is done once a day, also by several processes', async () => {
    await entry(`${IN_USE}/00000001`, { read: 31, written: 31 })
    await Promise.all([prune(), prune(), prune()])
    assert.deepEqual(await left(), [IN_USE])

    await entry(`${IN_USE}/00000001`, { read: 31, written: 31 })
    await prune()
    assert.deepEqual(await left(), [IN_USE, `${IN_USE}/00000001`], 'done today')

    const marker = join(cache, 'pruned')
    await utimes(marker, daysAgo(1.1), daysAgo(1.1))
    await prune()
    assert.deepEqual(await left(), [IN_USE])
    assert.ok((await stat(marker)).mtime > daysAgo(0.1))
  })

  test('a marker from the future does not end it for good', async () => {
    await entry(`${IN_USE}/00000001`, { read: 31, written: 31 })
    await writeFile(join(cache, 'pruned'), '')
    await utimes(join(cache, 'pruned'), daysAgo(-300), daysAgo(-300))
    await prune()
    assert.deepEqual(await left(), [IN_USE])
  })

  test('a missing cache stays missing', async () => {
    await prune()
    await assert.rejects(stat(cache), { code: 'ENOENT' })
  })

  test('where the marker cannot be written nothing is removed', async () => {
    await entry(`${IN_USE}/00000001`, { read: 31, written: 31 })
    await mkdir(join(cache, 'pruned')) // what root, too, cannot write to as a file
    await utimes(join(cache, 'pruned'), daysAgo(2), daysAgo(2))
    await prune()
    assert.deepEqual(await left(), [IN_USE, `${IN_USE}/00000001`])
  })

  test(
    'a folder that cannot be written is left, and the others are pruned',
    { skip: process.getuid?.() === 0 && 'root writes everywhere' },
    async () => {
      for (const name of [IN_USE, OTHER]) await entry(`${name}/00000001`, { read: 31, written: 31 })
      await chmod(join(cache, OTHER), 0o500)
      await prune()
      await chmod(join(cache, OTHER), 0o700)
      assert.deepEqual(await left(), [OTHER, `${OTHER}/00000001`, IN_USE])
    },
  )
})
