import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normalize } from 'node:path'
import { compareKeys, keyToPath, pathToKey } from '../../../embedded/s3/key-path.ts'

describe('object keys as file paths', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['topics/orders/partition=0/orders+0+0000000000.json', 'topics/orders/partition=0/orders+0+0000000000.json'],
    ['../../etc/passwd', '%2E%2E/%2E%2E/etc/passwd'],
    ['a/./b', 'a/%2E/b'],
    ['/leading', '%e/leading'],
    ['folder/', 'folder/%e'],
    ['a//b', 'a/%e/b'],
    ['100%', '100%25'],
    ['a\u0000b\n', 'a%00b%0A'],
    ['a\\b', 'a%5Cb'],
    ['größe 😀', 'größe 😀'],
    ['%e', '%25e'],
  ]
  for (const [key, path] of cases)
    it(`writes ${JSON.stringify(key)} as ${path} and back`, () => {
      assert.equal(keyToPath(key), path)
      assert.equal(pathToKey(path), key)
    })

  it('cuts components that are too long for a file name, and reads them back', () => {
    const key = `${'x'.repeat(400)}😀%/${'ü'.repeat(200)}`
    const path = keyToPath(key)
    for (const name of path.split('/')) assert.ok(Buffer.byteLength(name) <= 190, name)
    assert.equal(pathToKey(path), key)
  })

  it('never leaves its folder and never maps two keys to one path', () => {
    const pieces = ['.', '..', '/', 'a', '%', '%2E', '%e', '%-', '%+', '\\', '']
    const seen = new Map<string, string>()
    for (const a of pieces)
      for (const b of pieces)
        for (const c of pieces) {
          const key = a + b + c
          if (key === '') continue
          const path = keyToPath(key)
          assert.equal(normalize(path), path)
          assert.ok(!path.startsWith('/') && path.split('/')[0] !== '..', path)
          assert.equal(seen.get(path) ?? key, key)
          seen.set(path, key)
          assert.equal(pathToKey(path), key)
        }
  })

  it('orders keys by their UTF-8 bytes, not by UTF-16 units', () => {
    assert.deepEqual(['\ufb01', '😀', 'a/b', 'a', 'B'].sort(compareKeys), ['B', 'a', 'a/b', '\ufb01', '😀'])
  })
})
