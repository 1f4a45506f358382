import type { DistributedOptions, RunningWorker } from './running-worker.ts'

/** One worker of a cluster. Resolves when REST listens; requests wait until the worker has read its topics. */
export async function startDistributed(options: DistributedOptions): Promise<RunningWorker> {
  const { connectDistributed } = await import('./connect.ts')
  return await connectDistributed(options)
}
