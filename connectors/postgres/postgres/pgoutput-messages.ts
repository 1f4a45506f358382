import type { Lsn } from './lsn.ts'

/** Messages that carry structure; rows are not objects (pgoutput-decoder.ts). */
export interface RelationMessage {
  readonly oid: number
  readonly schema: string
  readonly table: string
  /** `d`efault, `n`othing, `f`ull, `i`ndex. */
  readonly replicaIdentity: ReplicaIdentity
  readonly columns: readonly RelationColumn[]
}

export type ReplicaIdentity = 'd' | 'n' | 'f' | 'i'

export interface RelationColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
  /** Part of the replica identity: present in old-key tuples. */
  readonly key: boolean
}

export interface BeginMessage {
  readonly finalLsn: Lsn
  /** Microseconds since 1970-01-01. */
  readonly commitTimeUs: number
  readonly xid: number
}

export interface CommitMessage {
  readonly commitLsn: Lsn
  readonly endLsn: Lsn
  readonly commitTimeUs: number
}

export interface OriginMessage {
  readonly commitLsn: Lsn
  readonly name: string
}

export interface TruncateMessage {
  readonly oids: readonly number[]
}

export interface LogicalMessage {
  readonly transactional: boolean
  readonly lsn: Lsn
  readonly prefix: string
  readonly content: Buffer
}
