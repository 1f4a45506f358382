import { readLsn } from './lsn.ts'
import type {
  BeginMessage,
  CommitMessage,
  LogicalMessage,
  OriginMessage,
  RelationColumn,
  RelationMessage,
  ReplicaIdentity,
  TruncateMessage,
} from './pgoutput-messages.ts'
import { PostgresError } from './postgres-error.ts'
import { PG_EPOCH_US } from './replication-stream.ts'
import { tupleEnd } from './tuple.ts'

/** Message tags of pgoutput, protocol 1 (PostgreSQL documentation, "Logical Replication Message Formats"). */
export const Tag = {
  BEGIN: 0x42,
  COMMIT: 0x43,
  ORIGIN: 0x4f,
  RELATION: 0x52,
  TYPE: 0x59,
  INSERT: 0x49,
  UPDATE: 0x55,
  DELETE: 0x44,
  TRUNCATE: 0x54,
  MESSAGE: 0x4d,
} as const

export type Tag = (typeof Tag)[keyof typeof Tag]

const OLD_KEY = 0x4b
const OLD_ROW = 0x4f
export const NO_TUPLE = -1

/**
 * Where the tuples of a row message lie. One mutable instance per stream is refilled by every row: a row costs no object until
 * an event is made of it.
 */
export class RowMessage {
  relationOid = 0
  /** Position of the old tuple in the buffer, or NO_TUPLE. */
  oldTuple = NO_TUPLE
  /** The old tuple has all columns (replica identity full), not only those of the identity. */
  oldIsFull = false
  newTuple = NO_TUPLE

  insert(buffer: Buffer, at: number): void {
    this.relationOid = buffer.readUInt32BE(at + 1)
    this.oldTuple = NO_TUPLE
    this.oldIsFull = false
    this.newTuple = at + 6
  }

  update(buffer: Buffer, at: number): void {
    this.relationOid = buffer.readUInt32BE(at + 1)
    const kind = buffer[at + 5]!
    if (kind === OLD_KEY || kind === OLD_ROW) {
      this.oldTuple = at + 6
      this.oldIsFull = kind === OLD_ROW
      this.newTuple = tupleEnd(buffer, at + 6) + 1
    } else {
      this.oldTuple = NO_TUPLE
      this.oldIsFull = false
      this.newTuple = at + 6
    }
  }

  delete(buffer: Buffer, at: number): void {
    this.relationOid = buffer.readUInt32BE(at + 1)
    this.oldTuple = at + 6
    this.oldIsFull = buffer[at + 5] === OLD_ROW
    this.newTuple = NO_TUPLE
  }
}

export function decodeBegin(buffer: Buffer, at: number): BeginMessage {
  return {
    finalLsn: readLsn(buffer, at + 1),
    commitTimeUs: readTimeUs(buffer, at + 9),
    xid: buffer.readUInt32BE(at + 17),
  }
}

export function decodeCommit(buffer: Buffer, at: number): CommitMessage {
  return {
    commitLsn: readLsn(buffer, at + 2),
    endLsn: readLsn(buffer, at + 10),
    commitTimeUs: readTimeUs(buffer, at + 18),
  }
}

export function decodeOrigin(buffer: Buffer, at: number): OriginMessage {
  return { commitLsn: readLsn(buffer, at + 1), name: readText(buffer, at + 9) }
}

export function decodeRelation(buffer: Buffer, at: number): RelationMessage {
  const oid = buffer.readUInt32BE(at + 1)
  const schema = readText(buffer, at + 5)
  let position = textEnd(buffer, at + 5)
  const table = readText(buffer, position)
  position = textEnd(buffer, position)
  const replicaIdentity = String.fromCharCode(buffer[position]!) as ReplicaIdentity
  const count = buffer.readInt16BE(position + 1)
  position += 3
  const columns: RelationColumn[] = []
  for (let i = 0; i < count; i++) {
    const key = (buffer[position]! & 1) === 1
    const name = readText(buffer, position + 1)
    position = textEnd(buffer, position + 1)
    columns.push({ name, typeOid: buffer.readUInt32BE(position), typmod: buffer.readInt32BE(position + 4), key })
    position += 8
  }
  return { oid, schema: schema === '' ? 'pg_catalog' : schema, table, replicaIdentity, columns }
}

export function decodeTruncate(buffer: Buffer, at: number): TruncateMessage {
  const count = buffer.readInt32BE(at + 1)
  return { oids: Array.from({ length: count }, (_, i) => buffer.readUInt32BE(at + 6 + i * 4)) }
}

export function decodeMessage(buffer: Buffer, at: number): LogicalMessage {
  const prefixEnd = textEnd(buffer, at + 10)
  const length = buffer.readInt32BE(prefixEnd)
  return {
    transactional: (buffer[at + 1]! & 1) === 1,
    lsn: readLsn(buffer, at + 2),
    prefix: readText(buffer, at + 10),
    content: buffer.subarray(prefixEnd + 4, prefixEnd + 4 + length),
  }
}

/** PostgreSQL's microseconds since 2000 as microseconds since 1970; exact until the year 2255. */
function readTimeUs(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4) + PG_EPOCH_US
}

function readText(buffer: Buffer, at: number): string {
  return buffer.utf8Slice(at, textEnd(buffer, at) - 1)
}

/** Just behind the NUL. */
function textEnd(buffer: Buffer, at: number): number {
  const nul = buffer.indexOf(0, at)
  if (nul < 0) throw new PostgresError('malformed pgoutput message: text without end', '08P01')
  return nul + 1
}
