import { within } from '../../async/abort.ts'
import type { Herder } from '../../herder/herder.ts'
import type { Stages } from '../../herder/stages.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Answer, Call, Route } from '../route.ts'
import { ok } from '../route.ts'

export interface WorkerSelfOptions {
  readonly version: string
  readonly kafkaClusterId: () => Promise<string>
  readonly metrics: Metrics
  readonly stages: Stages
  /** undefined: the worker has not read its topics yet */
  readonly herder: () => Herder | undefined
  readonly timeoutMs: number
}

const HEALTH_TIMEOUT_MS = 10_000
const CLUSTER_ID_TIMEOUT_MS = 5_000
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'

/** What a worker tells of itself, also before it has read its topics: `/`, `/health`, `/metrics`, `/openapi.json`. */
export class WorkerSelf {
  /** Everything that belongs to the worker's start is done. */
  started = false
  readonly #options: WorkerSelfOptions

  constructor(options: WorkerSelfOptions) {
    this.#options = options
  }

  get routes(): readonly Route[] {
    const early = true
    return [
      {
        ...{ verb: 'get', path: '/', early },
        summary: 'Version of the worker, and the cluster that it works for',
        answers: { 200: 'Root' },
        handle: () => this.#root(),
      },
      {
        ...{ verb: 'get', path: '/health', early },
        summary: 'Has the worker started, and does it answer?',
        answers: { 200: 'Health', 500: 'Health', 503: 'Health' },
        handle: () => this.#health(),
      },
      {
        ...{ verb: 'get', path: '/metrics', early },
        summary: 'Metrics as Prometheus text; as JSON where only that is accepted (of Naru)',
        answers: { 200: 'Metrics' },
        anyType: true,
        handle: (call) => this.#metrics(call),
      },
    ]
  }

  openApiRoute(document: () => object): Route {
    return {
      ...{ verb: 'get', path: '/openapi.json', early: true },
      summary: 'This API as an OpenAPI document (of Naru)',
      answers: { 200: 'Anything' },
      handle: () => ok(document()),
    }
  }

  /** The names and the order of Kafka Connect. While Kafka cannot be reached its cluster id is null. */
  async #root(): Promise<Answer> {
    const { version, kafkaClusterId } = this.#options
    const clusterId = await within(CLUSTER_ID_TIMEOUT_MS, kafkaClusterId()).catch(() => undefined)
    return ok({ version, commit: 'unknown', kafka_cluster_id: clusterId?.value ?? null })
  }

  async #health(): Promise<Answer> {
    const { stages } = this.#options
    const stage = (): string => {
      const summary = stages.summary()
      return summary === undefined ? '' : ` ${summary}`
    }
    const herder = this.#options.herder()
    if (herder === undefined || !this.started)
      return { status: 503, body: { status: 'starting', message: `Worker is still starting up.${stage()}` } }
    if (await this.#answers(herder))
      return ok({ status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' })
    const message = 'Worker was unable to handle this request and may be unable to handle other requests.'
    return { status: 500, body: { status: 'unhealthy', message: `${message}${stage()}` } }
  }

  /** It is in its group, and writes that were asked for do not wait for ever. */
  async #answers(herder: Herder): Promise<boolean> {
    const signal = AbortSignal.timeout(Math.min(HEALTH_TIMEOUT_MS, this.#options.timeoutMs))
    return await herder.leadership.settled(signal).then(
      () => true,
      () => false,
    )
  }

  async #metrics({ request }: Call): Promise<Answer> {
    const { metrics } = this.#options
    // Not by weights: scrapers name versions of text, and browsers name everything.
    const accepted = request.headers.accept ?? ''
    if (accepted.includes('application/json') && !/text\/|openmetrics|\*\/\*/.test(accepted))
      return ok(metrics.samples().map((sample) => ({ ...sample, value: finite(sample.value) })))
    return { status: 200, text: await metrics.text(), headers: { 'Content-Type': PROMETHEUS } }
  }
}

/** JSON has no NaN. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
