import type { TaskStart } from './launch-spec.ts'

/**
 * With exactly-once support: asked before a source task takes over its transactional id, and after that. Both throw when it must not start; the
 * task then fails with what they say.
 */
export interface SourceStarts {
  fence(spec: TaskStart): Promise<void>
  verify(spec: TaskStart): void
}
