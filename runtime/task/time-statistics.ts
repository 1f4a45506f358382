/** Average and maximum of durations or sizes since the last look (Connect: over its sample window). */
export class TimeStatistics {
  #sum = 0
  #count = 0
  #max = 0

  add(value: number): void {
    this.#sum += value
    this.#count++
    if (value > this.#max) this.#max = value
  }

  take(): { readonly avg: number; readonly max: number } {
    const taken = { avg: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max }
    this.#sum = 0
    this.#count = 0
    this.#max = 0
    return taken
  }
}
