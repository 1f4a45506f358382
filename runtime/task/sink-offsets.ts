import type { Logger, Offsets, PartitionOffset, TopicPartition } from '../api/index.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
import { partitionName } from '../kafka/topic-partition.ts'

interface Progress extends TopicPartition {
  /** Next offset after what put() took. */
  delivered: number | undefined
  /** As committed, at first where reading begins; undefined as long as that is not known. */
  committed: number | undefined
}

/** How far a sink task is in each assigned partition, and what of it may be committed. */
export class SinkOffsets {
  readonly #partitions = new Map<string, Progress>()
  /** It is known of all partitions where reading began. */
  #begun = false

  /** `positions`: where reading begins. */
  assigned(positions: readonly (TopicPartition & { readonly offset: number | undefined })[]): void {
    this.#begun = false
    for (const { topic, partition, offset } of positions) {
      this.#partitions.set(partitionName(topic, partition), {
        topic,
        partition,
        delivered: offset,
        committed: offset,
      })
    }
  }

  /**
   * Records were read. A partition without a committed offset begins where auto.offset.reset says, which shows with its first record: back
   * there a task is sent that fails before its first commit.
   */
  began(records: readonly FetchedRecord[]): void {
    if (this.#begun) return
    let unknown = false
    for (const [name, progress] of this.#partitions) {
      if (progress.committed !== undefined) continue
      const first = records.find(({ topic, partition }) => partitionName(topic, partition) === name)
      progress.committed = first?.offset
      unknown ||= first === undefined
    }
    this.#begun = !unknown
  }

  revoked(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#partitions.delete(partitionName(topic, partition))
  }

  delivered(offsets: Offsets): void {
    for (const { topic, partition, offset } of offsets) {
      const progress = this.#partitions.get(partitionName(topic, partition))
      if (progress !== undefined) progress.delivered = offset
    }
  }

  /** The task asked to read again from here: nothing beyond may be committed. */
  rewound(offsets: Offsets): void {
    for (const { topic, partition, offset } of offsets) {
      const progress = this.#partitions.get(partitionName(topic, partition))
      if (progress === undefined) continue
      progress.delivered = offset
      progress.committed = offset
    }
  }

  committed(offsets: Offsets): void {
    for (const { topic, partition, offset } of offsets) {
      const progress = this.#partitions.get(partitionName(topic, partition))
      if (progress !== undefined) progress.committed = offset
    }
  }

  /** What put() accepted, of all partitions or of some. */
  current(of?: readonly TopicPartition[]): Offsets {
    const wanted = of === undefined ? undefined : new Set(of.map((each) => partitionName(each.topic, each.partition)))
    const found: PartitionOffset[] = []
    for (const [name, { topic, partition, delivered }] of this.#partitions) {
      if (delivered !== undefined && (wanted === undefined || wanted.has(name)))
        found.push({ topic, partition, offset: delivered })
    }
    return found
  }

  lastCommitted(): Offsets {
    const found: PartitionOffset[] = []
    for (const { topic, partition, committed } of this.#partitions.values()) {
      if (committed !== undefined) found.push({ topic, partition, offset: committed })
    }
    return found
  }

  /** How many offsets are delivered and not committed. */
  uncommitted(): number {
    let sum = 0
    for (const { delivered, committed } of this.#partitions.values())
      if (delivered !== undefined && committed !== undefined) sum += Math.max(0, delivered - committed)
    return sum
  }

  /**
   * What preCommit answered, without what must not be committed: partitions that are not assigned, and offsets beyond what was
   * delivered (Invariant 2). Offsets that are committed already are left out too.
   */
  committable(wanted: Offsets, logger: Logger): Offsets {
    return wanted.filter(({ topic, partition, offset }) => {
      const progress = this.#partitions.get(partitionName(topic, partition))
      if (progress === undefined) {
        logger.warn(`ignoring invalid task provided offset ${topic}-${partition}@${offset}: partition not assigned`)
        return false
      }
      if (progress.delivered === undefined || offset > progress.delivered) {
        logger.warn(`ignoring invalid task provided offset ${topic}-${partition}@${offset}: not yet consumed`)
        return false
      }
      return offset !== progress.committed
    })
  }
}

/** Per partition the offset after the last record of a batch. */
export function endOffsets(records: readonly FetchedRecord[]): Offsets {
  const ends = new Map<string, PartitionOffset>()
  for (let i = 0; i < records.length; i++) {
    const { topic, partition, offset } = records[i]!
    const next = records[i + 1]
    if (next !== undefined && next.partition === partition && next.topic === topic) continue
    ends.set(partitionName(topic, partition), { topic, partition, offset: offset + 1 })
  }
  return [...ends.values()]
}
