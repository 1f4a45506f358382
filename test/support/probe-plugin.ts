import { configDef, definePlugin } from '../../runtime/api/index.ts'
import type { ConnectorContext, Plugin, Props, SourceRecord, SourceTask } from '../../runtime/api/index.ts'

/** What a probe has seen, by connector or `connector-task`. */
export interface ProbeLog {
  readonly starts: Map<string, number>
}

const KEYS = configDef({
  'probe.tasks': { type: 'INT', default: 1, importance: 'HIGH', documentation: 'Tasks to make.' },
  'probe.fail': {
    type: 'STRING',
    default: '',
    importance: 'LOW',
    documentation: '`connector` or `task`: who fails at start.',
  },
})

/** A source connector that makes as many tasks as it is told and no records, and counts its starts. It runs on the main thread. */
export function probePlugin(): { readonly plugin: Plugin; readonly log: ProbeLog } {
  const log: ProbeLog = { starts: new Map() }
  const started = (name: string): void => void log.starts.set(name, (log.starts.get(name) ?? 0) + 1)

  class ProbeTask implements SourceTask {
    static readonly className = 'test.ProbeTask'
    async start(props: Props): Promise<void> {
      started(`${props['probe.name']}-${props['probe.task']}`)
      if (props['probe.fail'] === 'task') throw new Error('the probe was told to fail')
    }
    async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      return []
    }
    async stop(): Promise<void> {}
  }

  class ProbeConnector {
    static readonly type = 'source' as const
    static readonly version = '1'
    static readonly task = ProbeTask
    static configDef() {
      return KEYS
    }
    #props: Props = {}
    async start(props: Props, context: ConnectorContext): Promise<void> {
      started(context.connector)
      this.#props = { ...props, 'probe.name': context.connector }
      if (props['probe.fail'] === 'connector') throw new Error('the probe was told to fail')
    }
    async taskConfigs(): Promise<readonly Props[]> {
      const count = KEYS.parse(this.#props)['probe.tasks']
      return Array.from({ length: count }, (_, task) => ({ ...this.#props, 'probe.task': String(task) }))
    }
    async stop(): Promise<void> {}
  }

  const plugin = definePlugin({ name: 'probe', version: '1', connectors: { 'test.ProbeConnector': ProbeConnector } })
  return { plugin, log }
}
