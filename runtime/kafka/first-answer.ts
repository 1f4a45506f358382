import { isKafkaError } from './kafka-errors.ts'

/**
 * Asks one candidate, the next one when it fails, and another beside it when it is silent for `patienceMs`: a broker that is frozen accepts
 * requests and never answers. The first answer counts; throws the last error when all failed, and what is no error of Kafka at once.
 * Only for questions that may be asked twice. `onSilence` hears of those that were not waited for any longer.
 */
export async function firstAnswer<C, T>(options: {
  readonly candidates: readonly C[]
  readonly ask: (candidate: C) => Promise<T>
  readonly patienceMs: number
  readonly onSilence: (candidate: C) => void
}): Promise<T> {
  const { candidates, ask, patienceMs, onSilence } = options
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let asked = 0
  let pending = 0
  let timer: NodeJS.Timeout | undefined
  const askNext = (): void => {
    clearTimeout(timer)
    const candidate = candidates[asked]
    if (candidate === undefined) return
    asked++
    pending++
    timer = setTimeout(() => {
      onSilence(candidate)
      askNext()
    }, patienceMs)
    ask(candidate).then(resolve, (error: unknown) => {
      pending--
      if (!isKafkaError(error) || (pending === 0 && asked === candidates.length)) reject(error)
      else if (pending === 0) askNext()
    })
  }
  askNext()
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    asked = candidates.length
  }
}
