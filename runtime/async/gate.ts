/** Lets a loop pass while it is open. `while (await gate.opened(signal))` pauses and ends without a second flag. */
export class Gate {
  #open: boolean
  readonly #waiting = new Set<() => void>()

  constructor(open = true) {
    this.#open = open
  }

  get isOpen(): boolean {
    return this.#open
  }

  open(): void {
    this.#open = true
    for (const wake of [...this.#waiting]) wake()
  }

  close(): void {
    this.#open = false
  }

  /** True once the gate is open; false when the signal aborts (or has aborted). */
  async opened(signal: AbortSignal): Promise<boolean> {
    while (!this.#open && !signal.aborted) await this.#change(signal)
    return !signal.aborted
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
