import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { objectKey } from '../../../connectors/s3/object-key.ts'

const options = { topicsDir: 'topics', directoryDelimiter: '/', fileDelimiter: '+', padWidth: 10 }
const of = {
  topic: 'orders',
  partition: 3,
  folder: 'partition=3',
  startOffset: 42,
  view: 'values',
  extension: '.json',
} as const

describe('object names', () => {
  const cases = [
    ['of JSON', {}, {}, 'topics/orders/partition=3/orders+3+0000000042.json'],
    ['of gzipped JSON', { extension: '.json.gz' }, {}, 'topics/orders/partition=3/orders+3+0000000042.json.gz'],
    [
      'with other delimiters, width 2 and no topics.dir',
      { extension: '.avro' },
      { topicsDir: '', directoryDelimiter: '_', fileDelimiter: '#', padWidth: 2 },
      'orders_partition=3_orders#3#42.avro',
    ],
    [
      'of fields',
      { folder: 'country=ZA/user.tier=gold' },
      {},
      'topics/orders/country=ZA/user.tier=gold/orders+3+0000000042.json',
    ],
    [
      'of keys',
      { view: 'keys', extension: '.json.gz' },
      {},
      'topics/orders/partition=3/orders+3+0000000042.keys.json.gz',
    ],
    ['of headers', { view: 'headers' }, {}, 'topics/orders/partition=3/orders+3+0000000042.headers.json'],
    [
      'of tombstones',
      { folder: 'tombstone', view: 'keys' },
      {},
      'topics/orders/tombstone/orders+3+0000000042.keys.json',
    ],
    ['longer than the width', { startOffset: 12345678901 }, {}, 'topics/orders/partition=3/orders+3+12345678901.json'],
    ['with width 0', {}, { padWidth: 0 }, 'topics/orders/partition=3/orders+3+42.json'],
    ['escape nothing', { topic: 'a b%/é' }, {}, 'topics/a b%/é/partition=3/a b%/é+3+0000000042.json'],
  ] as const
  for (const [name, more, moreOptions, expected] of cases)
    it(`${name}: ${expected}`, () =>
      assert.equal(objectKey({ ...of, ...more }, { ...options, ...moreOptions }), expected))
})
