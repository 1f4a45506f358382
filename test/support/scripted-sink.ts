import { configDef, definePlugin, plain } from '../../runtime/api/index.ts'
import type { Offsets, Plugin, Props, SinkRecord, SinkTaskContext, TopicPartition } from '../../runtime/api/index.ts'

/** What a scripted sink does beside noting it; absent: nothing. */
export interface Script {
  open?(partitions: readonly TopicPartition[], context: SinkTaskContext): void
  put?(records: readonly SinkRecord[], context: SinkTaskContext): void | Promise<void>
  preCommit?(delivered: Offsets): Offsets
}

export type ScriptedCall = 'start' | 'open' | 'put' | 'preCommit' | 'close' | 'stop'

/** A sink in the test's own thread that does what the test says. */
export class ScriptedSink {
  readonly plugin: Plugin
  /** In order; put also when it was empty. */
  readonly calls: ScriptedCall[] = []
  /** Of open and close, as `topic-partition`. */
  readonly partitions: { readonly call: 'open' | 'close'; readonly partitions: readonly string[] }[] = []
  /** What put took. */
  readonly values: unknown[] = []
  readonly #waiting = new Set<() => void>()

  constructor(script: Script = {}) {
    const note = (call: ScriptedCall): void => {
      this.calls.push(call)
      for (const look of this.#waiting) look()
    }
    const noteOf = (call: 'open' | 'close', partitions: readonly TopicPartition[]): void => {
      const names = partitions.map(({ topic, partition }) => `${topic}-${partition}`).sort()
      this.partitions.push({ call, partitions: names })
      note(call)
    }
    const { values } = this

    class ScriptedTask {
      static readonly className = 'test.ScriptedSinkTask'
      #context!: SinkTaskContext
      async start(_props: Props, context: SinkTaskContext): Promise<void> {
        this.#context = context
        note('start')
      }
      async open(partitions: readonly TopicPartition[]): Promise<void> {
        script.open?.(partitions, this.#context)
        noteOf('open', partitions)
      }
      async put(records: readonly SinkRecord[]): Promise<void> {
        await script.put?.(records, this.#context)
        values.push(...records.map(({ value }) => plain(value)))
        note('put')
      }
      async preCommit(delivered: Offsets): Promise<Offsets> {
        note('preCommit')
        return script.preCommit === undefined ? delivered : script.preCommit(delivered)
      }
      async close(partitions: readonly TopicPartition[]): Promise<void> {
        noteOf('close', partitions)
      }
      async stop(): Promise<void> {
        note('stop')
      }
    }

    class ScriptedConnector {
      static readonly type = 'sink' as const
      static readonly version = '1'
      static readonly task = ScriptedTask
      static configDef() {
        return configDef({})
      }
      #props: Props = {}
      async start(props: Props): Promise<void> {
        this.#props = props
      }
      async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
        return Array.from({ length: maxTasks }, () => this.#props)
      }
      async stop(): Promise<void> {}
    }
    this.plugin = definePlugin({
      name: 'scripted',
      version: '1',
      connectors: { 'test.ScriptedSink': ScriptedConnector },
    })
  }

  until(condition: (sink: ScriptedSink) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition(this)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}
