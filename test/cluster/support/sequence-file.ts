import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { SequenceAccount } from './sequence-account.ts'

const EVERY_MS = 20

/** Follows the file of a sink that gets the records of sequence sources, and keeps account of its lines. */
export class SequenceFile implements AsyncDisposable {
  readonly account = new SequenceAccount()
  readonly #closing = new AbortController()
  readonly #following: Promise<void>

  constructor(path: string) {
    this.#following = this.#follow(path)
  }

  async #follow(path: string): Promise<void> {
    const { signal } = this.#closing
    const buffer = Buffer.alloc(65_536)
    await using file = await open(path, 'a+')
    let position = 0
    let rest = ''
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) {
        await delay(EVERY_MS)
        continue
      }
      position += bytesRead
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.account.take(line)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#following
  }
}
