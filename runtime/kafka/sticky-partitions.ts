/**
 * Partitions for records without a key: one stays chosen until a batch's worth of bytes went there (KIP-480, KIP-794), so that
 * batches fill instead of being spread thin.
 */
export class StickyPartitions {
  readonly #batchSize: number
  readonly #chosen = new Map<string, { partition: number; bytes: number }>()

  constructor(batchSize: number) {
    this.#batchSize = batchSize
  }

  next(topic: string, size: number, partitions: readonly { readonly leader: number | undefined }[]): number {
    let choice = this.#chosen.get(topic)
    if (choice === undefined || choice.bytes >= this.#batchSize || partitions[choice.partition]?.leader === undefined) {
      choice = { partition: pick(partitions, choice?.partition), bytes: 0 }
      this.#chosen.set(topic, choice)
    }
    choice.bytes += size
    return choice.partition
  }
}

/** A random partition that has a leader, another one than before if there is one. */
function pick(partitions: readonly { readonly leader: number | undefined }[], before: number | undefined): number {
  const led = partitions.flatMap(({ leader }, index) => (leader === undefined ? [] : [index]))
  const others = led.filter((index) => index !== before)
  const from = others.length > 0 ? others : led.length > 0 ? led : partitions.map((_, index) => index)
  return from[Math.floor(Math.random() * from.length)] ?? 0
}
