/** For tests of plugins: tasks without a worker, and what every connector has to get right. `node:test` only in connector-acceptance.ts. */
export { connectorAcceptance } from './connector-acceptance.ts'
export type { Scope, SinkCase, SourceCase } from './connector-acceptance.ts'
export { LogLines } from './log-lines.ts'
export { SinkTaskHarness } from './sink-task-harness.ts'
export type { SinkHarnessOptions } from './sink-task-harness.ts'
export { SourceTaskHarness } from './source-task-harness.ts'
export type { SourceHarnessOptions } from './source-task-harness.ts'
export { valueErrors } from './value-errors.ts'
