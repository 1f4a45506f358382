import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Carrier, CarrierEvents } from '../../../runtime/isolate/carrier.ts'
import type { Report } from '../../../runtime/isolate/messages.ts'
import { WatchedIsolate } from '../../../runtime/isolate/watched-isolate.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'

/** Is ready when it is told to; answers no ping before, as a thread that still loads its code. */
const SLOW_STARTER = `
  const { parentPort } = require('node:worker_threads')
  let ready = false
  parentPort.on('message', ({ type }) => {
    if (type === 'begin') parentPort.postMessage({ type: (ready = true) && 'ready' })
    else if (type === 'ping' && ready) parentPort.postMessage({ type: 'pong' })
  })
`

function slowStarter(events: CarrierEvents): { readonly carrier: Carrier; readonly begin: () => void } {
  const thread = new Worker(SLOW_STARTER, { eval: true })
  thread.on('message', (report: Report) => events.report(report))
  const carrier: Carrier = {
    kind: 'thread',
    lastActive: undefined,
    post: (command) => thread.postMessage(command),
    cpuMs: () => Promise.resolve(undefined),
    memoryMb: () => Promise.resolve(undefined),
    terminate: async () => void (await thread.terminate()),
  }
  return { carrier, begin: () => thread.postMessage({ type: 'begin' }) }
}

test('a thread that takes long to start counts as silent only until it is ready', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  let begin = (): void => assert.fail('no thread')
  let heard = Promise.withResolvers<void>()
  const isolate = new WatchedIsolate({
    name: 'slow',
    carrier: (events) => {
      const started = slowStarter({
        ...events,
        report: (report) => {
          events.report(report)
          heard.resolve()
          heard = Promise.withResolvers()
        },
      })
      begin = started.begin
      return started.carrier
    },
    memoryMaxMb: 1000,
    events: { report() {}, hangs: () => assert.fail('it is no plugin that holds it'), ended() {} },
    logger: silentLogger,
  })
  try {
    t.mock.timers.tick(1000)
    t.mock.timers.tick(9000)
    assert.equal(isolate.silentMs, 9000)
    begin()
    await isolate.ready
    assert.equal(isolate.silentMs, 0)
    t.mock.timers.tick(1000)
    const pong = heard.promise
    t.mock.timers.tick(500)
    assert.equal(isolate.silentMs, 500, 'it is asked again')
    await pong
    assert.equal(isolate.silentMs, 0)
  } finally {
    await isolate.terminate()
  }
})
