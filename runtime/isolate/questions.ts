import { RetriableError } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import type { Answer, AnswerValue } from './messages.ts'
import { fromWire, toWire } from './wire-error.ts'

/** Questions asked over a port and not answered yet. */
export class Questions {
  readonly #open = new Map<number, Deferred<AnswerValue>>()
  #next = 1

  /** `post` sends the question under the id it is given. */
  ask(post: (id: number) => void): Promise<AnswerValue> {
    const id = this.#next++
    const answer = new Deferred<AnswerValue>()
    this.#open.set(id, answer)
    post(id)
    return answer.promise
  }

  settle(message: Answer): void {
    const open = this.#open.get(message.id)
    this.#open.delete(message.id)
    if (message.type === 'answer') open?.resolve(message.value)
    else open?.reject(fromWire(message.error))
  }

  /** The other side is gone; asked elsewhere, the question may be answered. */
  failAll(reason: string): void {
    for (const open of this.#open.values()) open.reject(new RetriableError(reason))
    this.#open.clear()
  }
}

/** Answers a question by what `work` gives or throws. */
export async function answerTo(id: number, work: () => Promise<AnswerValue>): Promise<Answer> {
  try {
    return { type: 'answer', id, value: await work() }
  } catch (error) {
    return { type: 'refusal', id, error: toWire(error) }
  }
}
