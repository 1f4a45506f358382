import type { Logger } from './api/logger.ts'
import type { Plugin } from './api/plugin.ts'
import type { Props } from './api/props.ts'
import type { RunningWorker } from './distributed.ts'

export interface StandaloneOptions {
  /** Kafka Connect's standalone worker properties. */
  readonly props: Props
  /** Created at start, as by POST /connectors; each has a `name`. */
  readonly connectors: readonly Props[]
  readonly logger?: Logger
  readonly plugins?: readonly Plugin[]
}

/** The same program as a distributed worker: a group of one, configs and statuses in memory, offsets in a file. */
export async function startStandalone(options: StandaloneOptions): Promise<RunningWorker> {
  const { connectStandalone } = await import('./connect.ts')
  return await connectStandalone(options)
}
