/**
 * Committed offsets of all groups, and those of transactions that are not decided yet. Durable as a journal: one line per commit,
 * removal or end of a transaction, written before the answer.
 */
import type { Logger } from 'naru/api'

import type { Flushable } from '../log/write-turn.ts'
import { Journal } from '../store/journal.ts'

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

type Row = readonly [topic: string, partition: number, offset: number, leaderEpoch: number, metadata: string]

type Line =
  | readonly ['set', group: string, at: number, commits: readonly Row[]]
  | readonly ['unset', group: string, partitions: readonly (readonly [string, number])[]]
  | readonly ['drop', group: string]
  | readonly ['pending', producerId: number, group: string, at: number, commits: readonly Row[]]
  | readonly ['end', producerId: number, committed: boolean]

/** In the order in which they came. */
type PendingCommits = { readonly group: string; readonly at: number; readonly rows: readonly Row[] }[]

export class CommittedOffsets implements Flushable {
  readonly #groups = new Map<string, Map<string, Map<number, CommittedOffset>>>()
  /** By producer id. */
  readonly #pending = new Map<number, PendingCommits>()
  readonly #journal: Journal<Line>

  private constructor(file: string, logger: Logger) {
    this.#journal = Journal.open<Line>({
      file,
      apply: (line) => this.#apply(line),
      snapshot: () => this.#snapshot(),
      logger,
    })
  }

  static open(file: string, logger: Logger): CommittedOffsets {
    return new CommittedOffsets(file, logger)
  }

  /** Why the youngest commits are not stored; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#journal.failure
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
    this.#write(['set', group, now, commits.map(rowOf)])
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

  /** Stores offsets that count when the transaction of this producer commits. */
  commitPending(producerId: number, group: string, commits: readonly OffsetCommit[], now: number): void {
    this.#write(['pending', producerId, group, now, commits.map(rowOf)])
  }

  /** Decides the pending offsets of a producer; nothing happens when it has none. */
  endTransaction(producerId: number, committed: boolean): void {
    if (this.#pending.has(producerId)) this.#write(['end', producerId, committed])
  }

  /** Whether a transaction that is not decided has an offset for the partition. */
  isPending(group: string, topic: string, partition: number): boolean {
    for (const commits of this.#pending.values()) {
      for (const commit of commits) {
        if (commit.group === group && commit.rows.some((row) => row[0] === topic && row[1] === partition)) return true
      }
    }
    return false
  }

  flush(): void {
    this.#journal.flush()
  }

  close(): void {
    this.#journal.close()
  }

  #write(line: Line): void {
    this.#apply(line)
    this.#journal.write(line)
  }

  #apply(line: Line): void {
    switch (line[0]) {
      case 'set':
        return this.#set(line[1], line[2], line[3])
      case 'pending': {
        const [, producerId, group, at, rows] = line
        getOrAdd(this.#pending, producerId, (): PendingCommits => []).push({ group, at, rows })
        return
      }
      case 'end': {
        const commits = this.#pending.get(line[1]) ?? []
        this.#pending.delete(line[1])
        if (line[2]) for (const { group, at, rows } of commits) this.#set(group, at, rows)
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

  #set(group: string, committedAt: number, rows: readonly Row[]): void {
    for (const [topic, partition, offset, leaderEpoch, metadata] of rows) {
      const topics = getOrAdd(this.#groups, group, () => new Map<string, Map<number, CommittedOffset>>())
      const partitions = getOrAdd(topics, topic, () => new Map<number, CommittedOffset>())
      partitions.set(partition, { offset, leaderEpoch, metadata, committedAt })
    }
  }

  *#snapshot(): Generator<Line> {
    for (const [group, topics] of this.#groups) yield* snapshotLines(group, topics)
    for (const [producerId, commits] of this.#pending) {
      for (const { group, at, rows } of commits) yield ['pending', producerId, group, at, rows]
    }
  }
}

function rowOf({ topic, partition, offset, leaderEpoch, metadata }: OffsetCommit): Row {
  return [topic, partition, offset, leaderEpoch, metadata]
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
