import { ConnectError } from './api/errors.ts'
import type { DistributedOptions, RunningWorker } from './distributed.ts'
import type { StandaloneOptions } from './standalone.ts'

export function connectDistributed(_options: DistributedOptions): Promise<RunningWorker> {
  return Promise.reject(new ConnectError('the worker is not assembled yet'))
}

export function connectStandalone(_options: StandaloneOptions): Promise<RunningWorker> {
  return Promise.reject(new ConnectError('the worker is not assembled yet'))
}
