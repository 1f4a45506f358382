import type { Logger, Props } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { TargetState } from '../storage/config-records.ts'
import { assembleTask } from '../task/assemble-task.ts'
import { failureClass } from './failure-class.ts'
import type { RunnableTask } from '../task/runnable-task.ts'
import { StateRatios } from '../task/state-ratios.ts'
import { TaskProgress } from '../task/task-progress.ts'
import type { ProgressSnapshot } from '../task/task-progress.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Guest } from './guest.ts'
import type { Answer, AnswerValue, GuestNews, InstanceId, Question, Report, TaskLaunch } from './messages.ts'

export interface GuestEnvironment {
  readonly worker: WorkerConfig
  readonly plugins: PluginRegistry
  readonly logger: Logger
  readonly metricsIntervalMs: number
  readonly post: (report: Exclude<Report, Answer>) => void
  readonly ask: (question: Question) => Promise<AnswerValue>
}

/** A task in its isolate: from launch to end. */
export class TaskGuest implements Guest {
  readonly #instance: InstanceId
  readonly #launch: TaskLaunch
  readonly #environment: GuestEnvironment
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  /** Rejects when the task fails from outside of its run. */
  readonly #failed = new Deferred<never>()
  readonly #ended: Promise<void>
  readonly #progress = new TaskProgress()
  readonly #ratios: StateRatios
  #task: RunnableTask | undefined
  #target: TargetState
  #silent = false
  #stalled = false

  constructor(instance: InstanceId, launch: TaskLaunch, environment: GuestEnvironment) {
    this.#instance = instance
    this.#launch = launch
    this.#environment = environment
    this.#target = launch.target
    this.#ratios = new StateRatios({ connector: launch.connector, task: String(launch.task) })
    this.#logger = environment.logger.child(`[${launch.connector}|task-${launch.task}]`)
    this.#failed.promise.catch(() => undefined)
    this.#ended = this.#live()
  }

  transition(target: TargetState): void {
    this.#target = target
    if (target === 'STARTED') this.#task?.resume()
    else this.#task?.pause()
  }

  stop(): Promise<void> {
    this.#stopping.abort()
    return this.#ended
  }

  cancel(): void {
    this.#silent = true
    this.#stopping.abort()
    this.#task?.cancel().catch((error: unknown) => this.#logger.warn('connections are not closed cleanly', { error }))
  }

  fail(error: unknown): void {
    this.#failed.reject(error)
  }

  progress(): ProgressSnapshot {
    return this.#progress.snapshot(Date.now())
  }

  async #live(): Promise<void> {
    const metrics = setInterval(() => this.#reportMetrics(), this.#environment.metricsIntervalMs)
    metrics.unref()
    const stalls = this.#watchStalls()
    try {
      await Promise.race([this.#run(), this.#failed.promise])
      this.#reportMetrics()
      this.#tell({ type: 'ended' })
    } catch (error) {
      this.#reportMetrics()
      if (this.#stopping.signal.aborted) {
        if (!this.#silent && error !== this.#stopping.signal.reason)
          this.#logger.warn('the task threw after it was asked to stop', { error })
        this.#tell({ type: 'ended' })
      } else {
        this.#logger.error('the task failed and will not recover until it is restarted', { error })
        this.#tell({ type: 'failed', trace: stackTrace(error), failure: failureClass(error) })
      }
      this.cancel()
    } finally {
      clearInterval(metrics)
      clearInterval(stalls)
    }
  }

  async #run(): Promise<void> {
    // The constructor returns before plugin code runs.
    await Promise.resolve()
    const { connector, task, connectorProps, taskProps } = this.#launch
    const { worker, plugins, ask, post } = this.#environment
    const instance = this.#instance
    this.#task = await assembleTask(
      {
        ...{ connector, task, connectorProps, taskProps, worker, plugins },
        logger: this.#logger,
        progress: this.#progress,
        news: {
          started: () => {
            this.#ratios.enter('running')
            this.#tell({ type: 'started' })
          },
          paused: () => {
            this.#ratios.enter('paused')
            this.#tell({ type: 'paused' })
          },
          resumed: () => {
            this.#ratios.enter('running')
            this.#tell({ type: 'resumed' })
          },
        },
        topicUsed: (topic) => post({ type: 'topic-used', instance, topic }),
        readOffsets: async (partitions) =>
          (await ask({ type: 'read-offsets', connector, partitions })) as Awaited<
            ReturnType<Parameters<typeof assembleTask>[0]['readOffsets']>
          >,
        configs: async () => ((await ask({ type: 'task-props', instance })) as readonly Props[])[0]!,
        stillOurs: async () => (await ask({ type: 'still-ours' })) === true,
        verify: async () => void (await ask({ type: 'verify-task', instance })),
        writeOffsets:
          worker.mode === 'standalone'
            ? async (records) => void (await ask({ type: 'write-offsets', records }))
            : undefined,
      },
      this.#stopping.signal,
    )
    if (this.#target !== 'STARTED') this.#task.pause()
    await this.#task.run(this.#stopping.signal)
  }

  /** A task that stands still says so: a loop that waits cannot, so a timer looks at it. */
  #watchStalls(): NodeJS.Timeout | undefined {
    const { stallTimeoutMs } = this.#launch
    if (stallTimeoutMs === 0) return undefined
    const look = (): void => {
      const now = Date.now()
      const { stuckSince, waitsFor } = this.#progress.snapshot(now)
      const stalled = stuckSince !== null && now - stuckSince >= stallTimeoutMs
      if (stalled === this.#stalled) return
      this.#stalled = stalled
      this.#tell(stalled ? { type: 'stalled', waitsFor, since: stuckSince } : { type: 'moving' })
    }
    const timer = setInterval(look, Math.min(MAX_STALL_LOOK_MS, Math.max(20, stallTimeoutMs / 4)))
    return timer.unref()
  }

  #tell(news: GuestNews): void {
    if (!this.#silent) this.#environment.post({ type: 'news', instance: this.#instance, news })
  }

  #reportMetrics(): void {
    const now = Date.now()
    const own = this.#task?.metrics(now)
    if (own === undefined || this.#silent) return
    const samples = [...own, ...this.#ratios.samples(now)]
    this.#environment.post({ type: 'metrics', instance: this.#instance, samples })
  }
}

const MAX_STALL_LOOK_MS = 5000
