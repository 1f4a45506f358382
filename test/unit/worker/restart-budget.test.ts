import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RestartBudget } from '../../../runtime/worker/restart-budget.ts'
import type { RestartSettings } from '../../../runtime/worker/restart-budget.ts'

const settings: RestartSettings = {
  enabled: true,
  on: ['retriable', 'crash'],
  delayMs: 1000,
  maxDelayMs: 8000,
  max: 6,
  windowMs: 60_000,
}

describe('the restart budget', () => {
  test('doubles the wait up to its limit, give or take a fifth', () => {
    const budget = new RestartBudget(settings)
    for (const [at, plain] of [1000, 2000, 4000, 8000, 8000, 8000].entries()) {
      const wait = budget.afterFailure('retriable', at)!
      assert.ok(wait >= plain * 0.8 && wait <= plain * 1.2, `${wait} after ${at} restarts`)
    }
    assert.equal(budget.afterFailure('retriable', 6), undefined)
    assert.equal(budget.left, 0)
  })

  test('is full again, and the wait short, when the window is over', () => {
    const budget = new RestartBudget({ ...settings, max: 1 })
    assert.notEqual(budget.afterFailure('crash', 0), undefined)
    assert.equal(budget.afterFailure('crash', 59_999), undefined)
    assert.ok(budget.afterFailure('crash', 60_000)! <= 1200)
  })

  test('is for the failures that are named, and for none when it is switched off', () => {
    const budget = new RestartBudget(settings)
    for (const failure of ['data', 'config', 'fenced'] as const)
      assert.equal(budget.afterFailure(failure, 0), undefined)
    assert.equal(new RestartBudget({ ...settings, enabled: false }).afterFailure('crash', 0), undefined)
    assert.equal(budget.taken, 0)
  })

  test('is used by tasks that stand still, whatever is said of failures', () => {
    const budget = new RestartBudget({ ...settings, enabled: false, max: 1 })
    assert.notEqual(budget.afterStall(0), undefined)
    assert.equal(budget.afterStall(1), undefined)
  })

  test('has no end when there is no limit', () => {
    const budget = new RestartBudget({ ...settings, max: -1 })
    for (let at = 0; at < 1000; at++) assert.notEqual(budget.afterFailure('crash', at), undefined)
    assert.equal(budget.left, null)
  })
})
