/**
 * Log sequence numbers as numbers: exact up to 2^53, that is 8 PiB of WAL in the life of one cluster. They are written into
 * every event and offset, where a bigint would cost ten times as much.
 */
export type Lsn = number

const HIGH = 2 ** 32

/** `16/B374D848` → number. */
export function parseLsn(text: string): Lsn {
  const [high = '', low = ''] = text.split('/')
  return parseInt(high, 16) * HIGH + parseInt(low, 16)
}

export function formatLsn(lsn: Lsn): string {
  return `${Math.floor(lsn / HIGH)
    .toString(16)
    .toUpperCase()}/${(lsn % HIGH).toString(16).toUpperCase()}`
}

export function readLsn(buffer: Buffer, at: number): Lsn {
  return buffer.readUInt32BE(at) * HIGH + buffer.readUInt32BE(at + 4)
}

export function writeLsn(buffer: Buffer, lsn: Lsn, at: number): void {
  buffer.writeUInt32BE(Math.floor(lsn / HIGH), at)
  buffer.writeUInt32BE(lsn % HIGH, at + 4)
}
