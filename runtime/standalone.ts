import type { RunningWorker, StandaloneOptions } from './running-worker.ts'

/** The same program as a distributed worker: a group of one, configs and statuses in memory, offsets in a file. */
export async function startStandalone(options: StandaloneOptions): Promise<RunningWorker> {
  const { connectStandalone } = await import('./connect.ts')
  return await connectStandalone(options)
}
