import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { javaOffsets, readJavaOffsets } from '../../../runtime/storage/java-offset-file.ts'

/** Written by the standalone worker of Kafka Connect 4.3.1 with three file sources. */
const GOLDEN = join(import.meta.dirname, '..', '..', 'fixtures', 'connect-4.3', 'standalone.offsets')

describe('the offset file of a Java worker', () => {
  test('is read: each key and value as the worker knows it', async () => {
    const entries = readJavaOffsets(await readFile(GOLDEN))
    assert.deepEqual(
      entries.map(({ key, value }) => [Buffer.from(key!).toString(), Buffer.from(value!).toString()]),
      [
        ['["fa",{"filename":"/srv/connect-data/a.txt"}]', '{"position":14}'],
        ['["fb",{"filename":"/srv/connect-data/b.txt"}]', '{"position":28}'],
        ['["fc",{"filename":"/srv/connect-data/c.txt"}]', '{"position":42}'],
      ],
    )
  })

  test('is written byte for byte as Java does', async () => {
    const golden = await readFile(GOLDEN)
    assert.equal(javaOffsets(readJavaOffsets(golden)).toString('hex'), golden.toString('hex'))
  })

  test('of any size comes back as it went in', () => {
    for (const size of [0, 1, 12, 13, 1000]) {
      const entries = Array.from({ length: size }, (_, index) => ({
        key: Buffer.from(`key ${index}`),
        value: index % 3 === 0 ? null : Buffer.alloc(index, index),
      }))
      assert.deepEqual(readJavaOffsets(javaOffsets(entries)), entries)
    }
  })

  test('may refer to an array that it holds already', async () => {
    const golden = await readFile(GOLDEN)
    // The last value becomes a reference to the first value: handles 0 and 1 are the map, 2 the class of arrays, 3 and 4 the first entry.
    const tail = Buffer.from('{"position":42}')
    const at = golden.length - 1 - tail.length - 4 - 5 - 1
    const shared = Buffer.concat([golden.subarray(0, at), Buffer.from('71007e000478', 'hex')])
    assert.equal(Buffer.from(readJavaOffsets(shared).at(-1)!.value!).toString(), '{"position":14}')
  })

  test('that is damaged or holds something else is refused with the reason', async () => {
    const golden = await readFile(GOLDEN)
    assert.throws(() => readJavaOffsets(golden.subarray(0, golden.length - 20)), /it ends in the middle/)
    assert.throws(() => readJavaOffsets(Buffer.from('hello')), /does not begin as a Java object stream/)
    const text = Buffer.from('aced00057400026869', 'hex')
    assert.throws(() => readJavaOffsets(text), /an object was expected at byte 4/)
    const tree = Buffer.from(golden)
    tree.write('java.util.TreeMap', 8, 'latin1')
    assert.throws(() => readJavaOffsets(tree), /a java.util.HashMap was expected/)
  })
})
