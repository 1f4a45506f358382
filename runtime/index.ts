/** Embed a worker in a program. Plugins import `naru/api` instead. */
export { startDistributed } from './distributed.ts'
export type { DistributedOptions, RunningWorker, StandaloneOptions } from './running-worker.ts'
export { ConnectorStartError } from './given-connectors.ts'
export { startStandalone } from './standalone.ts'
export { createLogger } from './telemetry/logger.ts'
export type { LoggerOptions, RootLogger } from './telemetry/logger.ts'
export { parseConfigFile, parseConnectorFile } from './config/properties.ts'
export type { ConnectorFile } from './config/properties.ts'
