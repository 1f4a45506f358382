import { unitSize } from '../sequence-plugin/units.ts'
import { Flow } from './flow.ts'

/** What one task has written, as far as it was read. */
interface Written {
  /** By unit: which of its records were seen, as bits. */
  readonly units: Map<number, number>
  last: number
  repeated: number
}

/** Account of the records of sequence sources, wherever they were found. */
export class SequenceAccount {
  readonly flow = new Flow()
  readonly disordered: string[] = []
  records = 0
  readonly #tasks = new Map<string, Written>()
  /** By task and partition: the place of the last record. */
  readonly #places = new Map<string, number>()

  /** A record's value; order is looked at if its partition is known. */
  take(value: string, partition?: number): void {
    const [task = '', unitText, indexText] = value.split('/')
    const unit = Number(unitText)
    const index = Number(indexText)
    this.records++
    this.flow.saw(task)
    let written = this.#tasks.get(task)
    if (written === undefined) this.#tasks.set(task, (written = { units: new Map(), last: 0, repeated: 0 }))
    const seen = written.units.get(unit) ?? 0
    const bit = 1 << index
    if ((seen & bit) !== 0) {
      written.repeated++
      return // order is that of the first time
    }
    written.units.set(unit, seen | bit)
    written.last = Math.max(written.last, unit)
    if (partition === undefined) return
    const place = unit * 8 + index
    const key = `${task} ${partition}`
    const before = this.#places.get(key) ?? 0
    if (place <= before) this.disordered.push(`${value} in partition ${partition} after unit ${before >> 3}`)
    this.#places.set(key, place)
  }

  get tasks(): readonly string[] {
    return [...this.#tasks.keys()].sort()
  }

  /** The newest unit of each task. */
  get progress(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#tasks].map(([task, { last }]) => [task, last]))
  }

  get repeated(): number {
    return [...this.#tasks.values()].reduce((sum, { repeated }) => sum + repeated, 0)
  }

  /** Records that are not there, up to unit `upTo` of each task. */
  lost(upTo: Readonly<Record<string, number>>): readonly string[] {
    const lost: string[] = []
    for (const [task, last] of Object.entries(upTo)) {
      const units = this.#tasks.get(task)?.units
      for (let unit = 1; unit <= last; unit++) {
        const seen = units?.get(unit) ?? 0
        const all = 2 ** unitSize(task, unit) - 1
        if (seen !== all) lost.push(`${task}/${unit}: ${seen.toString(2)} of ${all.toString(2)}`)
      }
    }
    return lost
  }
}
