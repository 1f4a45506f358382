import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ChunkedBody } from '../../../embedded/s3/chunked-body.ts'
import { chunkSignature, verifySignature } from '../../../embedded/s3/sigv4.ts'

// The worked examples of docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and its siblings.
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const at = Date.UTC(2013, 4, 24)
const host = 'examplebucket.s3.amazonaws.com'
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const credential = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'

const getObject = (signature: string) => ({
  method: 'GET',
  url: '/test.txt',
  headers: {
    host,
    range: 'bytes=0-9',
    'x-amz-content-sha256': empty,
    'x-amz-date': '20130524T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
  },
})
const GET_SIGNATURE = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'

const presigned = {
  method: 'GET',
  url:
    `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(credential)}` +
    '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
    '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: { host },
}

const chunkedPut = {
  method: 'PUT',
  url: '/examplebucket/chunkObject.txt',
  headers: {
    host: 's3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': '66560',
    'content-length': '66824',
    authorization:
      `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=content-encoding;content-length;host;` +
      'x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,' +
      'Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  },
}
const CHUNKS = [
  ['10000', 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648', 65536],
  ['400', '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497', 1024],
  ['0', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9', 0],
] as const
const chunkedBody = (signatures: readonly string[]): Buffer =>
  Buffer.concat(
    CHUNKS.map(([size, , bytes], index) =>
      Buffer.from(`${size};chunk-signature=${signatures[index]}\r\n${'a'.repeat(bytes)}\r\n`),
    ),
  )

describe('SigV4', () => {
  it('accepts the documented header signature', () => {
    assert.equal(verifySignature(getObject(GET_SIGNATURE), credentials, at).signature, GET_SIGNATURE)
  })

  it('refuses another signature, key or time, each with its own code', () => {
    const wrong = getObject(GET_SIGNATURE.replace('f', '0'))
    assert.throws(() => verifySignature(wrong, credentials, at), { code: 'SignatureDoesNotMatch' })
    const stranger = { ...credentials, accessKeyId: 'OTHER' }
    assert.throws(() => verifySignature(getObject(GET_SIGNATURE), stranger, at), { code: 'InvalidAccessKeyId' })
    assert.throws(() => verifySignature(getObject(GET_SIGNATURE), credentials, at + 16 * 60_000), {
      code: 'RequestTimeTooSkewed',
    })
    assert.throws(() => verifySignature({ ...presigned, url: '/test.txt' }, credentials, at), { code: 'AccessDenied' })
  })

  it('accepts the documented presigned URL until it expires', () => {
    verifySignature(presigned, credentials, at + 86_000_000)
    assert.throws(() => verifySignature(presigned, credentials, at + 86_401_000), { code: 'AccessDenied' })
  })

  it('computes the documented chunk signature', () => {
    const seed = verifySignature(chunkedPut, credentials, at)
    const hash = 'bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a'
    assert.equal(chunkSignature(seed, seed.signature, hash), CHUNKS[0][1])
  })

  it('decodes the documented chunked body however it is cut', () => {
    const body = chunkedBody(CHUNKS.map(([, signature]) => signature))
    for (const step of [body.length, 1000, 7]) {
      const decoder = new ChunkedBody(verifySignature(chunkedPut, credentials, at))
      let size = 0
      for (let start = 0; start < body.length; start += step)
        for (const data of decoder.decode(body.subarray(start, start + step))) size += data.length
      decoder.end()
      assert.equal(size, 66560)
    }
  })

  it('refuses a chunk whose signature is wrong and a body that ends early', () => {
    const seed = verifySignature(chunkedPut, credentials, at)
    const forged = chunkedBody([CHUNKS[0][1], CHUNKS[1][1].replace('0', '1'), CHUNKS[2][1]])
    assert.throws(() => [...new ChunkedBody(seed).decode(forged)], { code: 'SignatureDoesNotMatch' })
    const short = new ChunkedBody(seed)
    assert.equal([...short.decode(chunkedBody(CHUNKS.map(([, s]) => s)).subarray(0, 1000))].length, 1)
    assert.throws(() => short.end(), { code: 'IncompleteBody' })
  })
})
