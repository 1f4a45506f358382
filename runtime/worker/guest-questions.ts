import { ConnectError, UnreachableError } from '../api/index.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Answer, AnswerValue, InstanceId, Question } from '../isolate/messages.ts'
import { answerTo } from '../isolate/questions.ts'
import type { TaskStart } from './launch-spec.ts'
import { taskProps } from './launch-spec.ts'
import type { WorkerOptions } from './worker-options.ts'

export interface GuestQuestionsOptions {
  readonly worker: Pick<WorkerOptions, 'plugins' | 'readOffsets' | 'writeOffsets' | 'stillOurs' | 'sourceStarts'>
  readonly secrets: Secrets
  /** undefined: it was stopped meanwhile */
  readonly taskOf: (instance: InstanceId) => TaskStart | undefined
}

/** What guests ask of their worker. */
export class GuestQuestions {
  readonly #options: GuestQuestionsOptions

  constructor(options: GuestQuestionsOptions) {
    this.#options = options
  }

  answer(id: number, question: Question): Promise<Answer> {
    return answerTo(id, () => this.#value(question))
  }

  async #value(question: Question): Promise<AnswerValue> {
    const { worker, secrets } = this.#options
    switch (question.type) {
      case 'read-offsets':
        return await worker.readOffsets(question.connector, question.partitions)
      case 'still-ours':
        return (await worker.stillOurs?.()) ?? true
      case 'task-props':
        return [await taskProps(this.#task(question.instance), secrets, worker.plugins)]
      case 'verify-task':
        worker.sourceStarts?.verify(this.#task(question.instance))
        return undefined
      case 'write-offsets':
        if (worker.writeOffsets === undefined) throw new ConnectError('this worker has no place for source offsets')
        await worker.writeOffsets(
          question.records.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) })),
        )
        return undefined
      default:
        throw new UnreachableError(question)
    }
  }

  #task(instance: InstanceId): TaskStart {
    const task = this.#options.taskOf(instance)
    if (task === undefined) throw new ConnectError('the task was stopped meanwhile')
    return task
  }
}
