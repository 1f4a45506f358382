import type { Logger } from './api/logger.ts'
import type { Plugin } from './api/plugin.ts'
import type { Props } from './api/props.ts'
import type { ConnectorFile } from './config/properties.ts'

/** A worker that runs: its REST API answers, its work is assigned by the group. Disposing stops it gracefully. */
export interface RunningWorker extends AsyncDisposable {
  /** `http://host:port`, as bound. */
  readonly restUrl: string
  /** The same of `admin.listeners`, where it names any. */
  readonly adminUrls: readonly string[]
  /** `host:port` as advertised; the `worker_id` of statuses. */
  readonly workerId: string
  /** Resolves when the worker has read its topics and takes requests; rejects when it could not start. */
  readonly ready: Promise<void>
  /**
   * Reads the plugin in this folder again after its files have changed, and restarts the connectors that use it; answers their names. Rejects when the
   * plugin cannot be loaded: then the old code goes on. For development, in a group of one.
   */
  reloadPlugin(folder: string): Promise<readonly string[]>
  /** Settles when the worker has stopped; rejects when it failed. */
  readonly closed: Promise<void>
}

export interface DistributedOptions {
  /** Kafka Connect's distributed worker properties. */
  readonly props: Props
  /** Default: standard output, by `log.level` and `log.format`. */
  readonly logger?: Logger
  /** Beside the built-in ones and those found in `plugin.path`. */
  readonly plugins?: readonly Plugin[]
  /** Called when a thread or process for connectors and tasks is about to start, each time: until then the worker is idle. */
  readonly beforeWork?: () => void
}

export interface StandaloneOptions {
  /** Kafka Connect's standalone worker properties. */
  readonly props: Props
  /** Created at start, as by POST /connectors, in this order. One that cannot be made or started ends the worker (ConnectorStartError). */
  readonly connectors: readonly ConnectorFile[]
  readonly logger?: Logger
  readonly plugins?: readonly Plugin[]
}
