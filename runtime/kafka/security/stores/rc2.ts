/** A permutation of all bytes, made of the digits of pi (RFC 2268, 2). */
const PI = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb6266fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
)
const BLOCK_BYTES = 8
const ROTATIONS = [1, 2, 3, 5] as const
const MASK = 0xffff

/**
 * Deciphers RC2 in CBC mode (RFC 2268), all of the key's bits being effective; the platform has it no more, and keytool protected
 * certificates with it up to Java 16. For reading only: it protects nothing. Throws when the padding is wrong.
 */
export function decipherRc2Cbc(key: Buffer, iv: Buffer, data: Buffer): Buffer {
  if (data.length === 0 || data.length % BLOCK_BYTES !== 0) throw new Error('no whole blocks')
  const schedule = expand(key)
  const plain = Buffer.alloc(data.length)
  let previous = iv
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = data.subarray(at, at + BLOCK_BYTES)
    decipherBlock(schedule, block, plain.subarray(at, at + BLOCK_BYTES))
    for (let i = 0; i < BLOCK_BYTES; i++) plain[at + i]! ^= previous[i]!
    previous = block
  }
  const padding = plain.at(-1)!
  const filler = plain.subarray(-padding)
  if (padding < 1 || padding > BLOCK_BYTES || filler.some((byte) => byte !== padding)) throw new Error('wrong padding')
  return plain.subarray(0, -padding)
}

function expand(key: Buffer): Uint16Array {
  const size = key.length
  const bytes = Buffer.alloc(128)
  key.copy(bytes)
  for (let i = size; i < 128; i++) bytes[i] = PI[(bytes[i - 1]! + bytes[i - size]!) & 0xff]!
  bytes[128 - size] = PI[bytes[128 - size]!]!
  for (let i = 127 - size; i >= 0; i--) bytes[i] = PI[bytes[i + 1]! ^ bytes[i + size]!]!
  return Uint16Array.from({ length: 64 }, (_, i) => bytes.readUInt16LE(2 * i))
}

function decipherBlock(schedule: Uint16Array, from: Buffer, to: Buffer): void {
  const words = [0, 2, 4, 6].map((at) => from.readUInt16LE(at))
  let next = 63
  const mix = (rounds: number): void => {
    for (let round = 0; round < rounds; round++)
      for (let i = 3; i >= 0; i--) {
        const [a, b, c] = [words[(i + 3) & 3]!, words[(i + 2) & 3]!, words[(i + 1) & 3]!]
        const by = ROTATIONS[i]!
        const turned = (words[i]! >>> by) | (words[i]! << (16 - by))
        words[i] = (turned - schedule[next--]! - (a & b) - (~a & c)) & MASK
      }
  }
  const mash = (): void => {
    for (let i = 3; i >= 0; i--) words[i] = (words[i]! - schedule[words[(i + 3) & 3]! & 63]!) & MASK
  }
  mix(5)
  mash()
  mix(6)
  mash()
  mix(5)
  words.forEach((word, i) => to.writeUInt16LE(word, 2 * i))
}
