import type { Logger } from '../api/logger.ts'
import type { Secrets } from '../config/secrets.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Group } from '../group/group.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { ConfigBackingStore } from '../storage/config-backing-store.ts'
import type { OffsetBackingStore } from '../storage/offset-backing-store.ts'
import type { StatusBackingStore } from '../storage/status-backing-store.ts'
import type { Worker } from '../worker/worker.ts'
import type { Stages } from './stages.ts'

/** Carries a request to another worker, signed with the session key. Implemented by rest/, which knows HTTP. */
export interface InternalRequests {
  putTaskConfigs(
    leaderUrl: string,
    connector: string,
    configs: readonly Readonly<Record<string, string>>[],
  ): Promise<void>
  /** Asks the leader for a round of fencing. Code RETRIABLE: it may be asked again. */
  fence(leaderUrl: string, connector: string): Promise<void>
}

/** What the herder's owners share; made in connect.ts. */
export interface HerderParts {
  readonly config: WorkerConfig
  readonly plugins: PluginRegistry
  readonly secrets: Secrets
  readonly worker: Worker
  readonly group: Group
  readonly configs: ConfigBackingStore
  readonly offsets: OffsetBackingStore
  readonly statuses: StatusBackingStore
  readonly requests: InternalRequests
  readonly logger: Logger
  readonly stages: Stages
  /** A level that was set for all workers (`PUT /admin/loggers/{name}?scope=cluster`). */
  readonly setLogLevel: (logger: string, level: string) => void
  /** `host:port`, the `worker_id` of statuses. */
  readonly workerId: string
  /** Advertised URL with a slash at the end. */
  readonly url: string
}
