/** Embed a worker in a program. Plugins import `naru/api` instead. */
export { startDistributed } from './distributed.ts'
export type { DistributedOptions, RunningWorker } from './distributed.ts'
export { startStandalone } from './standalone.ts'
export type { StandaloneOptions } from './standalone.ts'
