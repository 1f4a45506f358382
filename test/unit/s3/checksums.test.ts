import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CHECKSUMS } from '../../../embedded/s3/checksums.ts'
import type { ChecksumName } from '../../../embedded/s3/checksums.ts'

// check values of the CRC catalogue for "123456789"
const EXPECTED: Readonly<Record<ChecksumName, string>> = {
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
}

for (const [name, hex] of Object.entries(EXPECTED) as [ChecksumName, string][])
  it(`${name} of 123456789, in one piece and in three`, () => {
    for (const pieces of [['123456789'], ['1', '2345', '6789']]) {
      const checksum = CHECKSUMS[name]()
      for (const piece of pieces) checksum.update(Buffer.from(piece))
      assert.equal(Buffer.from(checksum.digest(), 'base64').toString('hex'), hex)
    }
  })
