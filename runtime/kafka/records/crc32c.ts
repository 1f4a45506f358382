import { createRequire } from 'node:module'

type Crc32c = (bytes: Uint8Array, previous?: number) => number

const POLYNOMIAL = 0x82f63b78 // Castagnoli, reflected

/** CRC32C as record batches use it: the native one, or where no prebuilt binary exists for the platform, JavaScript. */
export const crc32c: Crc32c = loadNative() ?? crc32cJs

function loadNative(): Crc32c | undefined {
  try {
    const native = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Crc32c }
    return native.crc32c
  } catch {
    return undefined // optional: the fallback gives the same sums, slower
  }
}

let tables: readonly Uint32Array[] | undefined

/** Slicing by eight: ~0.5 GB/s. */
export function crc32cJs(bytes: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = (tables ??= makeTables()) as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  let crc = ~previous
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}

function makeTables(): readonly Uint32Array[] {
  const made = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    made[0]![n] = crc
  }
  for (let k = 1; k < 8; k++)
    for (let n = 0; n < 256; n++) {
      const before = made[k - 1]![n]!
      made[k]![n] = (before >>> 8) ^ made[0]![before & 0xff]!
    }
  return made
}
