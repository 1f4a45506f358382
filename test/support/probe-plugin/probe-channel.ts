import { BroadcastChannel } from 'node:worker_threads'

/** What a probe connector tells its test, from whatever thread it runs in. */
export type ProbeEvent =
  | { readonly type: 'connector-start' | 'connector-stop' | 'task-start' | 'task-stop' }
  | { readonly type: 'commit'; readonly offsets: readonly Readonly<Record<string, unknown>>[] }
  | { readonly type: 'put'; readonly values: readonly unknown[]; readonly offsets: readonly number[] }
  | { readonly type: 'open' | 'close'; readonly partitions: readonly string[] }
  | { readonly type: 'polled'; readonly from: number }

/** The probe's end. */
export class ProbeTeller {
  readonly #channel: BroadcastChannel

  constructor(name: string | undefined) {
    this.#channel = new BroadcastChannel(`probe ${name ?? 'nobody'}`)
    this.#channel.unref()
  }

  tell(event: ProbeEvent): void {
    this.#channel.postMessage(event)
  }

  close(): void {
    this.#channel.close()
  }
}

/** The test's end: all events so far, and a way to wait for more. */
export class Probe implements Disposable {
  readonly name: string
  readonly events: ProbeEvent[] = []
  readonly #channel: BroadcastChannel
  readonly #waiting = new Set<() => void>()

  constructor() {
    this.name = Math.random().toString(36).slice(2)
    this.#channel = new BroadcastChannel(`probe ${this.name}`)
    this.#channel.onmessage = ({ data }: { data: unknown }) => {
      this.events.push(data as ProbeEvent)
      for (const look of this.#waiting) look()
    }
  }

  count(type: ProbeEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }

  /** Values of all put records, in order. */
  get values(): readonly unknown[] {
    return this.events.flatMap((event) => (event.type === 'put' ? event.values : []))
  }

  until(condition: (probe: Probe) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition(this)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  [Symbol.dispose](): void {
    this.#channel.close()
  }
}
