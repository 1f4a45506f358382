import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compareKeys } from '../../../embedded/s3/key-path.ts'
import { listPage } from '../../../embedded/s3/listing.ts'

const KEYS = ['a/1', 'a/2', 'a/3/x', 'a/3/y', 'b', 'c/1', 'd'].sort(compareKeys)

async function* from(prefix: string, after: string): AsyncGenerator<string> {
  for (const key of KEYS) if (key.startsWith(prefix) && compareKeys(key, after) > 0) yield await Promise.resolve(key)
}

/** All pages of a listing, with prefixes in angle brackets. */
async function pages(prefix: string, delimiter: string, maxKeys: number): Promise<readonly string[]> {
  const found: string[] = []
  for (let after = ''; ;) {
    const page = await listPage(from(prefix, after), { prefix, delimiter, maxKeys, after })
    found.push(page.entries.map((entry) => (entry.kind === 'key' ? entry.key : `<${entry.prefix}>`)).join(' '))
    if (!page.truncated) return found
    after = page.last
  }
}

it('lists all keys in one page', async () => {
  assert.deepEqual(await pages('', '', 1000), ['a/1 a/2 a/3/x a/3/y b c/1 d'])
})
it('rolls keys up at the delimiter', async () => {
  assert.deepEqual(await pages('', '/', 1000), ['<a/> b <c/> d'])
  assert.deepEqual(await pages('a/', '/', 1000), ['a/1 a/2 <a/3/>'])
})
it('counts a common prefix once, also over page boundaries', async () => {
  assert.deepEqual(await pages('', '/', 1), ['<a/>', 'b', '<c/>', 'd'])
  assert.deepEqual(await pages('', '/', 2), ['<a/> b', '<c/> d'])
  assert.deepEqual(await pages('', '', 3), ['a/1 a/2 a/3/x', 'a/3/y b c/1', 'd'])
})
it('answers an empty page for max-keys 0 and for a prefix without keys', async () => {
  assert.deepEqual(await pages('', '', 0), [''])
  assert.deepEqual(await pages('zzz', '/', 10), [''])
})
