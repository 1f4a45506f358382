import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A checksum over a stream; `digest` in base64, as S3's headers carry it. */
export interface Checksum {
  update(bytes: Uint8Array): void
  digest(): string
}

/** S3's flexible checksums, by the name in `x-amz-checksum-NAME`. */
export const CHECKSUMS = {
  crc32: () => crcChecksum((bytes, previous) => crc32(bytes, previous)),
  crc32c: () => crcChecksum(crc32c),
  crc64nvme: () => new Crc64Nvme(),
  sha1: () => hashChecksum('sha1'),
  sha256: () => hashChecksum('sha256'),
} as const satisfies Record<string, () => Checksum>

export type ChecksumName = keyof typeof CHECKSUMS

export function isChecksumName(name: string): name is ChecksumName {
  return Object.hasOwn(CHECKSUMS, name)
}

function hashChecksum(algorithm: string): Checksum {
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('base64') }
}

function crcChecksum(next: (bytes: Uint8Array, previous: number) => number): Checksum {
  let crc = 0
  return {
    update: (bytes) => {
      crc = next(bytes, crc)
    },
    digest: () => {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(crc >>> 0)
      return out.toString('base64')
    },
  }
}

const CRC32C = new Int32Array(256)
for (let n = 0; n < 256; n++) {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1
  CRC32C[n] = c
}

function crc32c(bytes: Uint8Array, previous: number): number {
  let crc = ~previous
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (CRC32C[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0)
  return ~crc >>> 0
}

// CRC-64/NVME, reflected polynomial 9a6c9329ac4bc9b5, in two 32-bit halves: BigInt per byte would be far slower.
const CRC64_HIGH = new Int32Array(256)
const CRC64_LOW = new Int32Array(256)
for (let n = 0; n < 256; n++) {
  let high = 0
  let low = n
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (odd !== 0) {
      high ^= 0x9a6c9329
      low ^= 0xac4bc9b5
    }
  }
  CRC64_HIGH[n] = high
  CRC64_LOW[n] = low
}

class Crc64Nvme implements Checksum {
  #high = -1
  #low = -1

  update(bytes: Uint8Array): void {
    let high = this.#high
    let low = this.#low
    for (let i = 0; i < bytes.length; i++) {
      const index = (low ^ (bytes[i] ?? 0)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] ?? 0)
      high = (high >>> 8) ^ (CRC64_HIGH[index] ?? 0)
    }
    this.#high = high
    this.#low = low
  }

  digest(): string {
    const out = Buffer.alloc(8)
    out.writeUInt32BE(~this.#high >>> 0, 0)
    out.writeUInt32BE(~this.#low >>> 0, 4)
    return out.toString('base64')
  }
}
