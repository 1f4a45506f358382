import { createRequire } from 'node:module'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ConnectError } from '../../api/errors.ts'

/** Bits 0-2 of a batch's attributes. */
export const COMPRESSION_CODES = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CompressionType = keyof typeof COMPRESSION_CODES

export const COMPRESSION_TYPES = Object.keys(COMPRESSION_CODES) as readonly CompressionType[]

/** Native modules are loaded when first used: a worker that meets no snappy never maps it into memory. */
const require = createRequire(import.meta.url)
interface Snappy {
  compressSync(data: Uint8Array): Buffer
  uncompressSync(data: Uint8Array, options: { asBuffer: true }): Buffer
}
interface Lz4 {
  compressFrameSync(data: Uint8Array): Buffer
  decompressFrameSync(data: Uint8Array): Buffer
}
const snappy = (): Snappy => require('snappy') as Snappy
const lz4 = (): Lz4 => require('lz4-napi') as Lz4

/** The records section of a batch, compressed as Java clients do. `none` is not a compression. */
export function compress(type: Exclude<CompressionType, 'none'>, bytes: Buffer): Buffer {
  switch (type) {
    case 'gzip':
      return gzipSync(bytes)
    case 'snappy':
      return compressXerial(bytes)
    case 'lz4':
      return lz4().compressFrameSync(bytes)
    case 'zstd':
      return zstdCompressSync(bytes)
  }
}

/** `code`: bits 0-2 of the batch's attributes, not 0. */
export function decompress(code: number, bytes: Buffer): Buffer {
  switch (code) {
    case COMPRESSION_CODES.gzip:
      return gunzipSync(bytes)
    case COMPRESSION_CODES.snappy:
      return isXerial(bytes) ? decompressXerial(bytes) : snappy().uncompressSync(bytes, { asBuffer: true })
    case COMPRESSION_CODES.lz4:
      return lz4().decompressFrameSync(bytes)
    case COMPRESSION_CODES.zstd:
      return zstdDecompressSync(bytes)
    default:
      throw new ConnectError(`record batch with unknown compression code ${code}`)
  }
}

// Kafka's snappy is the framing of the xerial library: a header of 16 bytes, then blocks, each behind its length.
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
const XERIAL_BLOCK = 32 * 1024

function isXerial(bytes: Buffer): boolean {
  return bytes.length >= XERIAL_HEADER.length && bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)
}

function compressXerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let at = 0; at < bytes.length; at += XERIAL_BLOCK) {
    const block = snappy().compressSync(bytes.subarray(at, at + XERIAL_BLOCK))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

function decompressXerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = XERIAL_HEADER.length; at < bytes.length;) {
    const length = bytes.readInt32BE(at)
    parts.push(snappy().uncompressSync(bytes.subarray(at + 4, at + 4 + length), { asBuffer: true }))
    at += 4 + length
  }
  return Buffer.concat(parts)
}
