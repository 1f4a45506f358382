/** Zigzag varints of the record format, for magnitudes below 2^52 (deltas, lengths). Source: Kafka documentation, "Record". */

const TWO_POW_31 = 0x8000_0000

/** Bytes that `value` takes. */
export function sizeOfVarint(value: number): number {
  if (value >= -64 && value < 64) return 1
  if (value >= -8192 && value < 8192) return 2
  if (value >= -1_048_576 && value < 1_048_576) return 3
  if (value >= -134_217_728 && value < 134_217_728) return 4
  // zigzag doubles the magnitude; division instead of shifts keeps the upper bits of a double
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  let size = 1
  while (zigzag >= 0x80) {
    zigzag = Math.floor(zigzag / 0x80)
    size++
  }
  return size
}

/** Writes at `at`; answers the position behind. */
export function writeVarint(buffer: Buffer, value: number, at: number): number {
  if (value >= -TWO_POW_31 / 2 && value < TWO_POW_31 / 2) {
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
    while (zigzag >= 0x80) {
      buffer[at++] = (zigzag & 0x7f) | 0x80
      zigzag >>>= 7
    }
    buffer[at++] = zigzag
    return at
  }
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  while (zigzag >= 0x80) {
    buffer[at++] = (zigzag % 0x80) | 0x80
    zigzag = Math.floor(zigzag / 0x80)
  }
  buffer[at++] = zigzag
  return at
}
