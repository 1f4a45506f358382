import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import type { InstanceState, TaskId } from './lifecycle-state.ts'

/** Starts of connectors or tasks, for connect-worker-metrics. */
export class Startups {
  attempts = 0
  successes = 0
  failures = 0

  samples(kind: 'connector' | 'task'): MetricSample[] {
    const of = (attribute: string, value: number): MetricSample => sample('connect-worker-metrics', attribute, value)
    const known = this.successes + this.failures
    return [
      of(`${kind}-startup-attempts-total`, this.attempts),
      of(`${kind}-startup-success-total`, this.successes),
      of(`${kind}-startup-failure-total`, this.failures),
      of(`${kind}-startup-success-percentage`, known === 0 ? 0 : (100 * this.successes) / known),
      of(`${kind}-startup-failure-percentage`, known === 0 ? 0 : (100 * this.failures) / known),
    ]
  }
}

export interface WorkerFigures {
  readonly connectors: readonly {
    readonly name: string
    readonly state: InstanceState
    readonly type: string
    readonly className: string
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
    ...connectors.map(({ name, state, type, className }) =>
      sample('connector-metrics', 'status', 1, {
        connector: name,
        status: state.toLowerCase(),
        connector_type: type,
        connector_class: className,
      }),
    ),
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
