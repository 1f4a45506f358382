import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { abortable, sleep, within } from '../../../runtime/async/abort.ts'
import { Backoff } from '../../../runtime/async/backoff.ts'
import { Deferred } from '../../../runtime/async/deferred.ts'
import { Gate } from '../../../runtime/async/gate.ts'
import { SerialLoop } from '../../../runtime/async/serial-loop.ts'

describe('waiting', () => {
  test('sleep answers false as soon as its signal aborts', async () => {
    const stop = new AbortController()
    const slept = sleep(60_000, stop.signal)
    stop.abort()
    assert.equal(await slept, false)
    assert.equal(await sleep(1), true)
  })

  test('abortable gives up a promise that goes on', async () => {
    const stop = new AbortController()
    const waiting = abortable(new Promise(() => undefined), stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
  })

  test('within answers undefined when time is over', async () => {
    assert.equal(await within(1, new Promise(() => undefined)), undefined)
    assert.deepEqual(await within(60_000, Promise.resolve(1)), { value: 1 })
  })

  test('a backoff doubles up to its limit', () => {
    const backoff = new Backoff({ initialMs: 10, maxMs: 50, jitter: 0 })
    assert.deepEqual(
      [1, 2, 3, 4].map(() => backoff.next()),
      [10, 20, 40, 50],
    )
    backoff.reset()
    assert.equal(backoff.next(), 10)
  })

  test('a gate lets pass when it opens and tells of the stop', async () => {
    const stop = new AbortController()
    const gate = new Gate(false)
    const first = gate.opened(stop.signal)
    gate.open()
    assert.equal(await first, true)
    gate.close()
    const second = gate.opened(stop.signal)
    stop.abort()
    assert.equal(await second, false)
  })

  test('a serial loop runs once more after a poke in the middle of a run', async () => {
    const hold = new Deferred()
    let runs = 0
    await using loop = new SerialLoop({
      job: async () => {
        if (++runs === 1) await hold.promise
      },
      onError: () => undefined,
    })
    loop.poke()
    loop.poke()
    loop.poke()
    hold.resolve()
    await loop.idle()
    assert.equal(runs, 2)
  })
})
