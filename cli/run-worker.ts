import { flushCompileCache } from 'node:module'
import { ConnectorStartError } from 'naru'
import type { RunningWorker } from 'naru'
import { aborted, stopSignal } from './stop-signal.ts'

/** As connect-standalone ends when a connector of its command line cannot be started. */
const CONNECTOR_START_FAILED = 3

/** Runs until Ctrl-C, SIGTERM or a failure; the exit code says which. */
export async function runWorker(start: () => Promise<RunningWorker>): Promise<number> {
  const stop = stopSignal()
  let worker: RunningWorker
  try {
    worker = await start()
  } catch (error) {
    return failed(error)
  }
  // Now, and not at the end: a worker that is killed must not leave its successor to compile everything again.
  worker.ready.then(
    () => flushCompileCache(),
    () => undefined, // `closed` tells
  )
  try {
    await Promise.race([worker.closed, aborted(stop)])
    return 0
  } catch (error) {
    return failed(error)
  } finally {
    await worker[Symbol.asyncDispose]()
  }
}

function failed(error: unknown): number {
  process.stderr.write(`naru: the worker failed: ${describe(error)}\n`)
  return error instanceof ConnectorStartError ? CONNECTOR_START_FAILED : 1
}

/** A message a person can act on; the stack only where there is no known code. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const known = typeof (error as { code?: unknown }).code === 'string'
  return known ? error.message : (error.stack ?? error.message)
}
