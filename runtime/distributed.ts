import type { Logger } from './api/logger.ts'
import type { Plugin } from './api/plugin.ts'
import type { Props } from './api/props.ts'

/** A worker that runs: its REST API answers, its work is assigned by the group. Disposing stops it gracefully. */
export interface RunningWorker extends AsyncDisposable {
  /** `http://host:port`, as bound. */
  readonly restUrl: string
  /** `host:port` as advertised; the `worker_id` of statuses. */
  readonly workerId: string
  /** Settles when the worker has stopped; rejects when it failed. */
  readonly closed: Promise<void>
}

export interface DistributedOptions {
  /** Kafka Connect's distributed worker properties. */
  readonly props: Props
  readonly logger?: Logger
  /** Beside the built-in ones and those found in `plugin.path`. */
  readonly plugins?: readonly Plugin[]
}

/** Resolves when REST answers; the worker may still be reading its topics. */
export async function startDistributed(options: DistributedOptions): Promise<RunningWorker> {
  const { connectDistributed } = await import('./connect.ts')
  return await connectDistributed(options)
}
