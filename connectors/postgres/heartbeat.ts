/** Calls `beat` at every interval; nothing when the interval is 0. */
export class Heartbeat implements Disposable {
  readonly #timer: NodeJS.Timeout | undefined

  constructor(intervalMs: number, beat: () => void) {
    this.#timer = intervalMs > 0 ? setInterval(beat, intervalMs) : undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
