/**
 * State kept as lines of JSON: one line per change, handed to the operating system before anybody is answered. A line torn by a
 * kill is cut at the next start; the file is rewritten from the state itself when most of it is old, and after a write that failed
 * (disk full), since nobody knows how much of that one arrived.
 */
import fs from 'node:fs'

import type { Logger } from 'naru/api'

import type { Flushable } from '../log/write-turn.ts'
import { writeFileAtomically } from './durable-file.ts'

export interface JournalOptions<L> {
  readonly file: string
  /** Called for each line of the file, in order, before open() returns. */
  readonly apply: (line: L) => void
  /** The lines that make the present state. */
  readonly snapshot: () => Iterable<L>
  readonly logger: Logger
}

const REWRITE_ABOVE_BYTES = 4 << 20

export class Journal<L> implements Flushable {
  readonly #options: JournalOptions<L>
  #fd: number
  #size: number
  #sizeWhenRewritten = 0
  #pending: L[] = []
  #failure: Error | undefined

  private constructor(options: JournalOptions<L>) {
    this.#options = options
    this.#size = this.#replay()
    this.#fd = fs.openSync(options.file, 'a')
    fs.ftruncateSync(this.#fd, this.#size)
  }

  static open<L>(options: JournalOptions<L>): Journal<L> {
    return new Journal(options)
  }

  /** Why the youngest changes are not stored; undefined while all is well. Tried again with the next flush. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Whether a flush would write something. */
  get isBehind(): boolean {
    return this.#pending.length > 0 || this.#failure !== undefined
  }

  /** The caller has applied the line; it is written with the next flush(). */
  write(line: L): void {
    this.#pending.push(line)
  }

  flush(): void {
    if (!this.isBehind) return
    const lines = this.#pending
    this.#pending = []
    try {
      if (this.#failure === undefined) this.#append(encode(lines))
      else this.#rewrite()
      this.#failure = undefined
      if (this.#size > REWRITE_ABOVE_BYTES && this.#size > 2 * this.#sizeWhenRewritten) this.#rewrite()
    } catch (error) {
      if (this.#failure === undefined) {
        this.#options.logger.error(`cannot write ${this.#options.file}: changes are refused until it works again`, {
          error,
        })
      }
      this.#failure = error instanceof Error ? error : new Error(String(error))
    }
  }

  close(): void {
    this.flush()
    fs.closeSync(this.#fd)
  }

  #append(bytes: Buffer): void {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done)
    this.#size += bytes.length
  }

  /** Bytes of whole lines. */
  #replay(): number {
    const { file, apply } = this.#options
    if (!fs.existsSync(file)) return 0
    const bytes = fs.readFileSync(file)
    let at = 0
    for (;;) {
      const end = bytes.indexOf(10, at)
      if (end < 0) return at
      apply(JSON.parse(bytes.toString('utf8', at, end)) as L)
      at = end + 1
    }
  }

  #rewrite(): void {
    const content = encode(this.#options.snapshot())
    writeFileAtomically(this.#options.file, content)
    fs.closeSync(this.#fd)
    this.#fd = fs.openSync(this.#options.file, 'a')
    this.#size = this.#sizeWhenRewritten = content.length
  }
}

function encode<L>(lines: Iterable<L>): Buffer {
  let text = ''
  for (const line of lines) text += `${JSON.stringify(line)}\n`
  return Buffer.from(text)
}
