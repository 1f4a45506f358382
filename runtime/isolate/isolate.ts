import type { Command, InstanceId, Query, AnswerValue, Report } from './messages.ts'

/** Why an isolate is no more. */
export interface IsolateEnd {
  /** As in a status: class name, message, frames. */
  readonly trace: string
  /** The guest that ended it, when that is known. */
  readonly culprit: InstanceId | undefined
}

export interface IsolateEvents {
  /** Everything but answers, pongs and the end of the thread itself. */
  report(isolate: Isolate, report: Report): void
  /** It has not answered for a while; told once. */
  hangs(isolate: Isolate): void
  /** Not called after `terminate`. */
  ended(isolate: Isolate, end: IsolateEnd): void
}

/** The wall around guests and its one door: a thread, or nothing but a convention. */
export interface Isolate {
  readonly name: string
  /** Guests living here; kept by who starts them. */
  readonly instances: Set<InstanceId>
  /** ms since it answered last, 0 while it is answering. */
  readonly silentMs: number
  /** The guest whose call began last: who holds an isolate that does not answer. */
  readonly lastActive: InstanceId | undefined
  post(command: Command): void
  ask(query: Query): Promise<AnswerValue>
  /** Ends it at once: nothing in it runs any more when this resolves. */
  terminate(): Promise<void>
}
