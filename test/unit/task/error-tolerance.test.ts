import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DataError, RetriableError } from '../../../runtime/api/index.ts'
import { ErrorMetrics } from '../../../runtime/task/error-metrics.ts'
import { ErrorTolerance } from '../../../runtime/task/error-tolerance.ts'
import type { ErrorToleranceOptions, Failure } from '../../../runtime/task/error-tolerance.ts'

function tolerance(options: Partial<ErrorToleranceOptions>): { of: ErrorTolerance; metrics: ErrorMetrics } {
  const metrics = new ErrorMetrics()
  const of = new ErrorTolerance({
    tolerance: 'none',
    retryTimeoutMs: 0,
    retryDelayMaxMs: 1,
    reporters: [],
    metrics,
    ...options,
  })
  return { of, metrics }
}

const failure = (error: unknown): Failure => ({ stage: 'TRANSFORMATION', className: 'T', error })
const never = new AbortController().signal

describe('error tolerance', () => {
  test('throws with the cause when nothing is tolerated', async () => {
    const { of, metrics } = tolerance({})
    const error = new DataError('no')
    await assert.rejects(
      of.recover(failure(error), () => 1, failure, never),
      { message: 'Tolerance exceeded in error handler', cause: error },
    )
    assert.deepEqual([metrics.failures, metrics.errors, metrics.skipped], [1, 1, 0])
  })

  test('skips and reports when everything is tolerated', async () => {
    const reported: Failure[] = []
    const { of, metrics } = tolerance({
      tolerance: 'all',
      reporters: [{ report: (each) => void reported.push(each) as undefined }],
    })
    const result = await of.recover(failure(new DataError('no')), () => 1, failure, never)
    assert.equal(result, undefined)
    assert.equal(reported.length, 1)
    assert.deepEqual([metrics.failures, metrics.errors, metrics.skipped], [1, 1, 1])
  })

  test('tries retriable failures again until they succeed', async () => {
    const { of, metrics } = tolerance({ retryTimeoutMs: -1 })
    let attempts = 0
    const again = (): string => {
      if (++attempts < 3) throw new RetriableError('later')
      return 'done'
    }
    assert.equal(await of.recover(failure(new RetriableError('later')), again, failure, never), 'done')
    assert.deepEqual([metrics.failures, metrics.retries, metrics.errors], [3, 3, 0])
  })

  test('a stop ends the waiting for a retry: the record is neither skipped nor reported', async () => {
    const { of, metrics } = tolerance({ retryTimeoutMs: -1, retryDelayMaxMs: 60_000 })
    const stop = new AbortController()
    const recovered = of.recover(failure(new RetriableError('later')), () => 1, failure, stop.signal)
    stop.abort()
    await assert.rejects(recovered, (error) => error === stop.signal.reason)
    assert.equal(metrics.errors, 0)
  })

  test('a lost report fails whoever waits for it', async () => {
    const { of } = tolerance({
      tolerance: 'all',
      reporters: [{ report: () => Promise.reject(new Error('no queue')) }],
    })
    of.skip(failure(new DataError('no')))
    await assert.rejects(of.reported(), /could not be reported/)
  })
})
