/**
 * Which topics a task works with. The happy path is one comparison per record: runs of one topic are the rule. `news` tells each
 * topic again after `renew()`, so that a reset list of a connector's topics fills again (KIP-558).
 */
export class TopicUse {
  readonly #told = new Set<string>()
  readonly #ever = new Set<string>()
  readonly #news: (topic: string) => void
  #last: string | undefined
  /** Topics seen for the first time since `takeUnseen`. */
  #unseen: string[] = []

  constructor(news: (topic: string) => void) {
    this.#news = news
  }

  note(topic: string): void {
    if (topic === this.#last) return
    this.#last = topic
    if (this.#told.has(topic)) return
    this.#told.add(topic)
    if (!this.#ever.has(topic)) {
      this.#ever.add(topic)
      this.#unseen.push(topic)
    }
    this.#news(topic)
  }

  takeUnseen(): readonly string[] {
    if (this.#unseen.length === 0) return NOTHING
    const unseen = this.#unseen
    this.#unseen = []
    return unseen
  }

  renew(): void {
    this.#told.clear()
    this.#last = undefined
  }
}

const NOTHING: readonly string[] = Object.freeze([])
