/** Average, minimum and maximum of durations or sizes since the last look (Connect: over its sample window). */
export class TimeStatistics {
  #sum = 0
  #count = 0
  #min = Infinity
  #max = 0

  add(value: number): void {
    this.#sum += value
    this.#count++
    if (value > this.#max) this.#max = value
    if (value < this.#min) this.#min = value
  }

  take(): { readonly avg: number; readonly min: number; readonly max: number } {
    const none = this.#count === 0
    const taken = { avg: none ? 0 : this.#sum / this.#count, min: none ? 0 : this.#min, max: this.#max }
    this.#min = Infinity
    this.#sum = 0
    this.#count = 0
    this.#max = 0
    return taken
  }
}
