const DELIMITERS = ':,{}[]"'

/** Tokens: single delimiters, unless a backslash stands before, and what is between them. */
export class Tokens {
  readonly text: string
  #at = 0
  #next: string | undefined
  #previous: string | undefined

  constructor(text: string) {
    this.text = text
  }

  get more(): boolean {
    return this.#next !== undefined || this.#at < this.text.length
  }

  get previous(): string | undefined {
    return this.#previous
  }

  mark(): number {
    return this.#at - (this.#next?.length ?? 0)
  }

  rewind(mark: number): void {
    this.#at = mark
    this.#next = undefined
  }

  next(): string {
    const token = this.#next ?? this.#read()
    this.#next = undefined
    this.#previous = token
    return token
  }

  /** The next `count` tokens as one text; undefined when there are fewer. */
  many(count: number): string | undefined {
    const mark = this.mark()
    let text = ''
    for (let i = 0; i < count; i++) {
      if (!this.more) {
        this.rewind(mark)
        return undefined
      }
      text += this.next()
    }
    return text
  }

  /** Takes the next token when it is `expected`, spaces around it not counted. */
  take(expected: string, trimmed = true): boolean {
    if (!this.more) return false
    this.#next ??= this.#read()
    if (trimmed) while (this.#next.trim() === '' && this.#at < this.text.length) this.#next = this.#read()
    if ((trimmed ? this.#next.trim() : this.#next) !== expected) return false
    this.next()
    return true
  }

  #read(): string {
    const start = this.#at
    let escaped = false
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]!
      if (DELIMITERS.includes(char) && !escaped) {
        if (this.#at === start) this.#at++
        break
      }
      escaped = char === '\\' && !escaped
    }
    return this.text.slice(start, this.#at)
  }
}
