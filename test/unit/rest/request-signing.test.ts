import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAC_ALGORITHMS } from '../../../runtime/config/mac-algorithms.ts'
import { signatureHeaders, verifySignature } from '../../../runtime/rest/request-signing.ts'

const body = Buffer.from('[]')
const key = { key: Buffer.from('naru key').toString('base64'), algorithm: 'HmacSHA256', createdAt: 0 }

describe('a request between workers', () => {
  // javax.crypto.Mac with this key and body
  const java: readonly (readonly [string, string])[] = [
    ['HmacMD5', 'pHDAENZjh4USZceyUIbpfA=='],
    ['HmacSHA1', 'GmYaQsPC8RwfhVcpjssbMqBqagY='],
    ['HmacSHA224', '5qIV41SmD3sj5VljcMt6mrZnUk0Xf1WBR5MFOQ=='],
    ['HmacSHA256', 'x6Qlmv09GhbiIlQVu1gT2+12PI78b+kaWIeVzhqqoIk='],
    ['HmacSHA384', 'W8HfGmDs6YTE31A5Q8tc/jYRqClACkf9H09DPRerC/4fUT/06U81UvqrXYkZKUxl'],
    ['HmacSHA512', '3zg48k08jIecHTLSbISTLrKlfLsUWpVtGD+9VTnraUqBFGxeditqwOpK57iItx77mVNafxV6N72j9L5AP+1WFg=='],
    ['HmacSHA512/224', 'XWpPd7+LGPZuvIxDj2w3sZkf4baFILURWnEYuQ=='],
    ['HmacSHA512/256', 'GYjxfVa8AbGaFmOwjZQb9khgGnZeVLcKcya1lOYLt0w='],
    ['HmacSHA3-224', 'wcbZ2OUVnj1Xyi97Tobv3y4KF1hlPdbnwPxt8A=='],
    ['HmacSHA3-256', '20M5VtZsjjA5jQASCft8xO2Od3R1ylH0OsShvWd7m8s='],
    ['HmacSHA3-384', 'jPkb+pSZSUTWa7LQmP5nM3iDHo5fp54OSE3UjmY7baNL/c9ZOyuAFVxrQWwX4mVT'],
    ['HmacSHA3-512', 'Q+Jk2GPMZouku2muwHDP8IDBQOCNOzXeJIzPEAaYIddqbCtjfEwb5MO9DDW7lJgmhE138qbKw0r/OkLD9rrz+A=='],
  ]

  test('is signed as a Java worker signs it, by every algorithm that a config may name', () => {
    assert.deepEqual(
      java.map(([algorithm]) => algorithm),
      MAC_ALGORITHMS,
    )
    for (const [algorithm, signature] of java) {
      const signed = signatureHeaders(body, key, algorithm)
      assert.equal(signed['X-Connect-Authorization'], signature, algorithm)
      const headers = Object.fromEntries(Object.entries(signed).map(([name, value]) => [name.toLowerCase(), value]))
      verifySignature({ headers, body, key, accepted: [algorithm] })
      assert.throws(() => verifySignature({ headers, body: Buffer.from('[1]'), key, accepted: [algorithm] }), {
        message: 'Internal request contained invalid signature.',
      })
    }
  })
})
