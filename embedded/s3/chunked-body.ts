import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { chunkSignature, sameHex, trailerSignature } from './sigv4.ts'
import type { Signature } from './sigv4.ts'

/**
 * Decoder of the `aws-chunked` framing, for the three payload names STREAMING-UNSIGNED-PAYLOAD-TRAILER,
 * STREAMING-AWS4-HMAC-SHA256-PAYLOAD and STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER:
 *
 *   HEX-SIZE[;chunk-signature=SIG] CRLF bytes CRLF … 0[;chunk-signature=SIG] CRLF [name:value CRLF …] CRLF
 *
 * Data is handed on as it arrives; a chunk's signature is checked at its end, before the next chunk's data.
 * docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html
 */
export class ChunkedBody {
  /** Trailing headers, names in lower case; complete after `end()`. */
  readonly trailers = new Map<string, string>()
  readonly #signature: Signature | undefined
  readonly #hasTrailer: boolean
  #state: 'header' | 'data' | 'data-end' | 'trailer' | 'done' = 'header'
  #line = ''
  #left = 0
  #hash: Hash | undefined
  #chunkSignature = ''
  #previous: string

  constructor(signature: Signature) {
    const signed = signature.payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    this.#signature = signed ? signature : undefined
    this.#hasTrailer = signature.payload.endsWith('-TRAILER')
    this.#previous = signature.signature
  }

  /** The payload bytes within `input`, as views of it. */
  *decode(input: Buffer): Generator<Buffer> {
    let at = 0
    while (at < input.length) {
      if (this.#state === 'data') {
        const data = input.subarray(at, Math.min(input.length, at + this.#left))
        at += data.length
        this.#left -= data.length
        this.#hash?.update(data)
        yield data
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const newline = input.indexOf(10, at)
      this.#line += input.latin1Slice(at, newline < 0 ? input.length : newline + 1)
      if (this.#line.length > 16_384) throw new S3Error('InvalidRequest', 'chunk header too long')
      if (newline < 0) return
      at = newline + 1
      const line = this.#line.replace(/\r?\n$/, '')
      this.#line = ''
      this.#takeLine(line)
    }
  }

  /** Throws IncompleteBody when the last chunk did not come. */
  end(): void {
    // a sender without trailers may leave the last empty line out
    if (this.#state === 'trailer' && !this.#hasTrailer) this.#state = 'done'
    if (this.#state !== 'done') throw new S3Error('IncompleteBody')
  }

  #takeLine(line: string): void {
    switch (this.#state) {
      case 'header':
        this.#startChunk(line)
        return
      case 'data-end':
        if (line !== '') throw new S3Error('InvalidRequest', 'chunk data is longer than its header says')
        this.#endChunk()
        this.#state = 'header'
        return
      case 'trailer':
        if (line === '') this.#endTrailers()
        else this.#takeTrailer(line)
        return
      case 'data':
      case 'done':
        return
    }
  }

  #startChunk(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line.trim())
    if (!match) throw new S3Error('InvalidRequest', 'malformed chunk header')
    this.#left = parseInt(match[1] ?? '0', 16)
    this.#chunkSignature = match[2] ?? ''
    this.#hash = this.#signature && createHash('sha256')
    if (this.#left > 0) {
      this.#state = 'data'
      return
    }
    this.#endChunk()
    this.#state = 'trailer'
  }

  #endChunk(): void {
    if (!this.#signature || !this.#hash) return
    const expected = chunkSignature(this.#signature, this.#previous, this.#hash.digest('hex'))
    if (!sameHex(expected, this.#chunkSignature)) throw new S3Error('SignatureDoesNotMatch')
    this.#previous = expected
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':')
    if (colon < 1) throw new S3Error('InvalidRequest', 'malformed trailer')
    this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }

  #endTrailers(): void {
    const given = this.trailers.get('x-amz-trailer-signature')
    // The signature is a trailer of its own; some senders close the signed part with an empty line first.
    if (this.#hasTrailer && this.#signature && given === undefined) {
      if (this.trailers.size > 0) return
      throw new S3Error('SignatureDoesNotMatch')
    }
    if (this.#hasTrailer && this.#signature && given !== undefined) {
      const signed = [...this.trailers].filter(([name]) => name !== 'x-amz-trailer-signature')
      const text = signed.map(([name, value]) => `${name}:${value}\n`).join('')
      if (!sameHex(trailerSignature(this.#signature, this.#previous, text), given))
        throw new S3Error('SignatureDoesNotMatch')
    }
    this.#state = 'done'
  }
}

export function isChunkedPayload(payload: string): boolean {
  return payload.startsWith('STREAMING-')
}
