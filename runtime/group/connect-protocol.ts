import { ConnectError } from '../api/errors.ts'
import type { Work } from './assignment.ts'
import { NO_WORK } from './assignment.ts'

/**
 * Metadata and assignments inside JoinGroup and SyncGroup, protocol type `connect`: byte-compatible with Kafka Connect's
 * ConnectProtocol (version 0, eager) and IncrementalCooperativeConnectProtocol (1 compatible, 2 sessioned).
 */
export type ProtocolVersion = 0 | 1 | 2
export type ProtocolName = 'default' | 'compatible' | 'sessioned'

export const VERSION_OF: Readonly<Record<ProtocolName, ProtocolVersion>> = { default: 0, compatible: 1, sessioned: 2 }

export interface MemberMetadata {
  /** Advertised URL, with a slash at the end. */
  readonly url: string
  readonly configOffset: number
  /** What the member runs; undefined: it says nothing (eager, or it has lost everything). */
  readonly held: Assignment | undefined
}

export interface Assignment {
  readonly error: 'none' | 'config mismatch'
  /** Member id of the leader. */
  readonly leader: string
  readonly leaderUrl: string
  /** The config offset that the leader decided by. */
  readonly configOffset: number
  readonly assigned: Work
  readonly revoked: Work
  /** Milliseconds until the member is to rejoin; 0: no appointment. */
  readonly delayMs: number
}

/** Stands for the connector itself among its task ids. */
const CONNECTOR_TASK = -1
const CONFIG_MISMATCH = 1

export function encodeMetadata(version: ProtocolVersion, metadata: MemberMetadata): Buffer {
  const out = new Writer()
  out.int16(version)
  out.string(metadata.url)
  out.int64(metadata.configOffset)
  if (version > 0) out.bytes(metadata.held && encodeAssignment(version, metadata.held))
  return out.done()
}

export function decodeMetadata(bytes: Buffer): MemberMetadata {
  const input = new Reader(bytes)
  const version = readVersion(input)
  const url = input.string()
  const configOffset = input.int64()
  const held = version > 0 ? input.bytes() : undefined
  return { url, configOffset, held: held && held.length > 0 ? decodeAssignment(held) : undefined }
}

export function encodeAssignment(version: ProtocolVersion, assignment: Assignment): Buffer {
  const out = new Writer()
  out.int16(version)
  out.int16(assignment.error === 'none' ? 0 : CONFIG_MISMATCH)
  out.string(assignment.leader)
  out.string(assignment.leaderUrl)
  out.int64(assignment.configOffset)
  writeWork(out, assignment.assigned)
  if (version > 0) {
    writeWork(out, assignment.revoked)
    out.int32(assignment.delayMs)
  }
  return out.done()
}

/** Fields that a shorter, older form leaves out read as none. */
export function decodeAssignment(bytes: Buffer): Assignment {
  const input = new Reader(bytes)
  const version = readVersion(input)
  const error = input.int16() === 0 ? 'none' : 'config mismatch'
  const leader = input.string()
  const leaderUrl = input.string()
  const configOffset = input.int64()
  const assigned = readWork(input)
  const revoked = version > 0 && input.more ? readWork(input) : NO_WORK
  const delayMs = version > 0 && input.more ? input.int32() : 0
  return { error, leader, leaderUrl, configOffset, assigned, revoked, delayMs }
}

/** A newer version is read as the newest one known. */
function readVersion(input: Reader): ProtocolVersion {
  const version = input.int16()
  if (version < 0) throw new ConnectError(`unknown version ${version} of the Connect group protocol`)
  return Math.min(version, 2) as ProtocolVersion
}

function writeWork(out: Writer, { connectors, tasks }: Work): void {
  const byConnector = new Map<string, number[]>(connectors.map((connector) => [connector, [CONNECTOR_TASK]]))
  for (const { connector, task } of tasks) {
    const ids = byConnector.get(connector)
    if (ids === undefined) byConnector.set(connector, [task])
    else ids.push(task)
  }
  out.int32(byConnector.size)
  for (const [connector, ids] of byConnector) {
    out.string(connector)
    out.int32(ids.length)
    for (const id of ids) out.int32(id)
  }
}

function readWork(input: Reader): Work {
  const connectors: string[] = []
  const tasks: { connector: string; task: number }[] = []
  const count = input.int32()
  for (let i = 0; i < count; i++) {
    const connector = input.string()
    const ids = input.int32()
    for (let j = 0; j < ids; j++) {
      const task = input.int32()
      if (task === CONNECTOR_TASK) connectors.push(connector)
      else tasks.push({ connector, task })
    }
  }
  return { connectors, tasks }
}

class Writer {
  readonly #parts: Buffer[] = []

  int16(value: number): void {
    const part = Buffer.allocUnsafe(2)
    part.writeInt16BE(value)
    this.#parts.push(part)
  }
  int32(value: number): void {
    const part = Buffer.allocUnsafe(4)
    part.writeInt32BE(value)
    this.#parts.push(part)
  }
  int64(value: number): void {
    const part = Buffer.allocUnsafe(8)
    part.writeBigInt64BE(BigInt(value))
    this.#parts.push(part)
  }
  string(value: string): void {
    const part = Buffer.from(value)
    this.int16(part.length)
    this.#parts.push(part)
  }
  bytes(value: Buffer | undefined): void {
    this.int32(value === undefined ? -1 : value.length)
    if (value !== undefined) this.#parts.push(value)
  }
  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  get more(): boolean {
    return this.#at < this.#bytes.length
  }
  int16(): number {
    const value = this.#bytes.readInt16BE(this.#at)
    this.#at += 2
    return value
  }
  int32(): number {
    const value = this.#bytes.readInt32BE(this.#at)
    this.#at += 4
    return value
  }
  int64(): number {
    const value = this.#bytes.readBigInt64BE(this.#at)
    this.#at += 8
    return Number(value)
  }
  string(): string {
    return this.#take(this.int16()).toString('utf8')
  }
  bytes(): Buffer | undefined {
    const length = this.int32()
    return length < 0 ? undefined : this.#take(length)
  }
  #take(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length)
      throw new ConnectError('a message of the Connect group protocol is cut off')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }
}
