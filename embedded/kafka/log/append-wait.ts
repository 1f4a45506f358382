import type { PartitionLog } from './partition-log.ts'

export interface AppendWaitOptions {
  readonly logs: readonly PartitionLog[]
  readonly timeoutMs: number
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** Resolves at the next append to one of the logs, after the time, or on abort, whichever comes first. */
export function nextAppend({ logs, timeoutMs, signal }: AppendWaitOptions): Promise<void> {
  return new Promise((resolve) => {
    const takeBack: (() => void)[] = []
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      for (const undo of takeBack) undo()
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    signal.addEventListener('abort', done, { once: true })
    for (const log of logs) takeBack.push(log.onAppend(done))
    if (signal.aborted) done()
  })
}
