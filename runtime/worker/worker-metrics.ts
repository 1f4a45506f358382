import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import type { InstanceState, TaskId } from './lifecycle-state.ts'

/** Starts of connectors or tasks, for connect-worker-metrics. */
export class Startups {
  attempts = 0
  successes = 0
  failures = 0

  /** One start begins. The first state that it comes to, told to the answer, says how it went; what happens to it later is not its start. */
  attempt(): (state: InstanceState) => void {
    this.attempts++
    let open = true
    return (state) => {
      if (!open || (state !== 'RUNNING' && state !== 'PAUSED' && state !== 'FAILED')) return
      open = false
      if (state === 'FAILED') this.failures++
      else this.successes++
    }
  }

  samples(kind: 'connector' | 'task'): MetricSample[] {
    const of = (attribute: string, value: number): MetricSample => sample('connect-worker-metrics', attribute, value)
    const known = this.successes + this.failures
    return [
      of(`${kind}-startup-attempts-total`, this.attempts),
      of(`${kind}-startup-success-total`, this.successes),
      of(`${kind}-startup-failure-total`, this.failures),
      // From 0 to 1, as Connect's.
      of(`${kind}-startup-success-percentage`, known === 0 ? 0 : this.successes / known),
      of(`${kind}-startup-failure-percentage`, known === 0 ? 0 : this.failures / known),
    ]
  }
}

export interface WorkerFigures {
  readonly connectors: readonly {
    readonly name: string
    readonly state: InstanceState
    readonly type: string
    readonly className: string
    /** undefined: the class is not known here */
    readonly version: string | undefined
  }[]
  readonly tasks: readonly { readonly id: TaskId; readonly state: InstanceState }[]
  readonly connectorStartups: Startups
  readonly taskStartups: Startups
}

/** The groups connect-worker-metrics, connector-metrics and the status of connector-task-metrics. */
export function workerSamples(figures: WorkerFigures): readonly MetricSample[] {
  const { connectors, tasks } = figures
  return [
    sample('connect-worker-metrics', 'connector-count', connectors.length),
    sample('connect-worker-metrics', 'task-count', tasks.length),
    ...figures.connectorStartups.samples('connector'),
    ...figures.taskStartups.samples('task'),
    ...connectors.flatMap(connectorTexts),
    ...tasks.map(({ id, state }) =>
      sample('connector-task-metrics', 'status', 1, {
        connector: id.connector,
        task: String(id.task),
        status: state.toLowerCase(),
      }),
    ),
    ...taskCounts(tasks),
  ]
}

/** Each attribute is a label of a gauge of 1 of its name. The status has class and type too: most dashboards group by them. */
function connectorTexts({
  name,
  state,
  type,
  className,
  version,
}: WorkerFigures['connectors'][number]): MetricSample[] {
  const text = (attribute: string, labels: MetricLabels): MetricSample =>
    sample('connector-metrics', attribute, 1, { connector: name, ...labels })
  return [
    text('status', { status: state.toLowerCase(), connector_type: type, connector_class: className }),
    text('connector-type', { connector_type: type }),
    text('connector-class', { connector_class: className }),
    ...(version === undefined ? [] : [text('connector-version', { connector_version: version })]),
  ]
}

const COUNTED: readonly InstanceState[] = ['RUNNING', 'PAUSED', 'FAILED', 'UNASSIGNED', 'DESTROYED', 'RESTARTING']

function taskCounts(tasks: WorkerFigures['tasks']): MetricSample[] {
  const samples: MetricSample[] = []
  for (const [connector, own] of Map.groupBy(tasks, ({ id }) => id.connector)) {
    samples.push(sample('connect-worker-metrics', 'connector-total-task-count', own.length, { connector }))
    for (const counted of COUNTED) {
      const count = own.filter(({ state }) => state === counted).length
      samples.push(
        sample('connect-worker-metrics', `connector-${counted.toLowerCase()}-task-count`, count, { connector }),
      )
    }
  }
  return samples
}

function sample(group: string, attribute: string, value: number, labels: MetricLabels = {}): MetricSample {
  return { name: metricName(group, attribute), labels, value }
}
