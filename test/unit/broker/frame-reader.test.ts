import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { FrameReader } from '../../../embedded/kafka/network/frame-reader.ts'

function framed(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const frame = Buffer.alloc(4 + text.length)
      frame.writeInt32BE(text.length)
      frame.write(text, 4)
      return frame
    }),
  )
}

describe('the frame reader', () => {
  const texts = ['one', '', 'a longer request', 'x'.repeat(100)]

  for (const size of [1, 2, 3, 4, 5, 7, 50, 1000]) {
    it(`finds the same requests in chunks of ${size} bytes`, () => {
      const found: string[] = []
      const reader = new FrameReader({ limitBytes: 1000, onFrame: (frame) => found.push(frame.toString()) })
      const stream = framed(...texts)
      for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size))
      assert.deepEqual(found, texts)
    })
  }

  it('refuses a size beyond the limit, such as the start of an HTTP request', () => {
    const reader = new FrameReader({ limitBytes: 1000, onFrame: () => assert.fail() })
    assert.throws(() => reader.push(Buffer.from('GET / HTTP/1.1\r\n')), RangeError)
  })
})
