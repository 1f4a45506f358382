/**
 * Committed offsets of all groups. Durable as a journal of JSON lines: one line per commit or removal, written before the
 * answer; a line torn by a kill is cut at the next start; the journal is rewritten when most of it is old.
 */
import fs from 'node:fs'

import type { Logger } from 'naru/api'

import type { Flushable } from '../log/write-turn.ts'
import { writeFileAtomically } from '../store/durable-file.ts'

export interface CommittedOffset {
  readonly offset: number
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Milliseconds since the epoch. */
  readonly committedAt: number
}

export interface OffsetCommit extends Omit<CommittedOffset, 'committedAt'> {
  readonly topic: string
  readonly partition: number
}

type Line =
  | readonly ['set', group: string, at: number, commits: readonly (readonly [string, number, number, number, string])[]]
  | readonly ['unset', group: string, partitions: readonly (readonly [string, number])[]]
  | readonly ['drop', group: string]

const COMPACT_ABOVE_BYTES = 4 << 20

export class CommittedOffsets implements Flushable {
  readonly #file: string
  readonly #logger: Logger
  readonly #groups = new Map<string, Map<string, Map<number, CommittedOffset>>>()
  #fd: number
  #size: number
  #sizeWhenCompact = 0
  #pending: string[] = []
  #failure: Error | undefined

  private constructor(file: string, logger: Logger) {
    this.#file = file
    this.#logger = logger
    this.#size = this.#replay()
    this.#fd = fs.openSync(file, 'a')
    fs.ftruncateSync(this.#fd, this.#size)
  }

  static open(file: string, logger: Logger): CommittedOffsets {
    return new CommittedOffsets(file, logger)
  }

  /** Why commits cannot be stored any more; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure
  }

  groupIds(): readonly string[] {
    return [...this.#groups.keys()]
  }

  has(group: string): boolean {
    return this.#groups.has(group)
  }

  get(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(group)?.get(topic)?.get(partition)
  }

  /** All partitions with an offset, by topic. */
  topics(group: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#groups.get(group) ?? new Map()
  }

  commit(group: string, commits: readonly OffsetCommit[], now: number): void {
    const rows = commits.map((c) => [c.topic, c.partition, c.offset, c.leaderEpoch, c.metadata] as const)
    this.#write(['set', group, now, rows])
  }

  remove(group: string, partitions: readonly (readonly [topic: string, partition: number])[]): void {
    this.#write(['unset', group, partitions])
  }

  removeGroup(group: string): void {
    if (this.#groups.has(group)) this.#write(['drop', group])
  }

  /** Offsets of a topic that no longer exists mean nothing. */
  removeTopic(topic: string): void {
    for (const [group, topics] of this.#groups) {
      const partitions = topics.get(topic)
      if (partitions !== undefined)
        this.remove(
          group,
          [...partitions.keys()].map((partition) => [topic, partition]),
        )
    }
  }

  flush(): void {
    if (this.#pending.length === 0 || this.#failure !== undefined) return
    const bytes = Buffer.from(this.#pending.join(''))
    this.#pending = []
    try {
      for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done)
      this.#size += bytes.length
      if (this.#size > COMPACT_ABOVE_BYTES && this.#size > 2 * this.#sizeWhenCompact) this.#compact()
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
      this.#logger.error(`cannot write ${this.#file}: no offset can be committed until the broker starts again`, {
        error,
      })
    }
  }

  close(): void {
    this.flush()
    fs.closeSync(this.#fd)
  }

  #write(line: Line): void {
    this.#apply(line)
    this.#pending.push(`${JSON.stringify(line)}\n`)
  }

  #apply(line: Line): void {
    switch (line[0]) {
      case 'set': {
        const [, group, committedAt, rows] = line
        for (const [topic, partition, offset, leaderEpoch, metadata] of rows) {
          const topics = getOrAdd(this.#groups, group, () => new Map<string, Map<number, CommittedOffset>>())
          const partitions = getOrAdd(topics, topic, () => new Map<number, CommittedOffset>())
          partitions.set(partition, { offset, leaderEpoch, metadata, committedAt })
        }
        return
      }
      case 'unset': {
        const topics = this.#groups.get(line[1])
        for (const [topic, partition] of line[2]) {
          const partitions = topics?.get(topic)
          partitions?.delete(partition)
          if (partitions?.size === 0) topics?.delete(topic)
        }
        if (topics?.size === 0) this.#groups.delete(line[1])
        return
      }
      case 'drop':
        this.#groups.delete(line[1])
    }
  }

  /** Bytes of whole lines. */
  #replay(): number {
    if (!fs.existsSync(this.#file)) return 0
    const bytes = fs.readFileSync(this.#file)
    let at = 0
    for (;;) {
      const end = bytes.indexOf(10, at)
      if (end < 0) return at
      this.#apply(JSON.parse(bytes.toString('utf8', at, end)) as Line)
      at = end + 1
    }
  }

  #compact(): void {
    const lines = [...this.#groups].flatMap(([group, topics]) => snapshotLines(group, topics))
    const content = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    writeFileAtomically(this.#file, content)
    fs.closeSync(this.#fd)
    this.#fd = fs.openSync(this.#file, 'a')
    this.#size = this.#sizeWhenCompact = content.length
  }
}

function snapshotLines(group: string, topics: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>): Line[] {
  const lines: Line[] = []
  for (const [topic, partitions] of topics) {
    for (const [partition, { offset, leaderEpoch, metadata, committedAt }] of partitions) {
      lines.push(['set', group, committedAt, [[topic, partition, offset, leaderEpoch, metadata]]])
    }
  }
  return lines
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
