import { setTimeout as sleep } from 'node:timers/promises'
import { configDef, definePlugin, NO_HEADERS, schema } from '../../runtime/api/index.ts'
import type { Plugin, Props, SourceRecord, SourceTaskContext } from '../../runtime/api/index.ts'

const STRING = schema.string()
const UNIT = 3

/**
 * A source in the test's own thread that counts: `0/0 0/1 0/2 1/0 …`, one record per poll to `counting.topic`. The records of one number share
 * their source offset, and it can begin only with a whole one. Its poll rejects when it is interrupted.
 */
export class CountingSource {
  readonly plugin: Plugin
  starts = 0
  polled = 0

  constructor() {
    const count = (what: 'starts' | 'polled'): void => void this[what]++

    class CountingTask {
      static readonly className = 'test.CountingTask'
      #topic = ''
      #at = 0
      #index = 0
      async start(props: Props, context: SourceTaskContext): Promise<void> {
        this.#topic = props['counting.topic']!
        const [offset] = await context.offsets.offsets([{ source: 'count' }])
        this.#at = offset === undefined ? 0 : Number(offset['at']) + 1
        count('starts')
      }
      async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
        await sleep(5, undefined, { signal })
        const record = {
          ...{ topic: this.#topic, partition: 0, timestamp: undefined, headers: NO_HEADERS },
          ...{ keySchema: undefined, key: null, valueSchema: STRING, value: `${this.#at}/${this.#index}` },
          sourcePartition: { source: 'count' },
          sourceOffset: { at: this.#at },
        }
        if (++this.#index === UNIT) {
          this.#index = 0
          this.#at++
        }
        count('polled')
        return [record]
      }
      async stop(): Promise<void> {}
    }

    class CountingConnector {
      static readonly type = 'source' as const
      static readonly version = '1'
      static readonly task = CountingTask
      static configDef() {
        return configDef({})
      }
      async start(): Promise<void> {}
      async taskConfigs(): Promise<readonly Props[]> {
        return []
      }
      async exactlyOnceSupport(): Promise<'SUPPORTED'> {
        return 'SUPPORTED'
      }
      async stop(): Promise<void> {}
    }
    this.plugin = definePlugin({
      name: 'counting',
      version: '1',
      connectors: { 'test.CountingSource': CountingConnector },
    })
  }

  /** What must be read when so many records have come. */
  static values(count: number): readonly string[] {
    return Array.from({ length: count }, (_, n) => `${Math.floor(n / UNIT)}/${n % UNIT}`)
  }

  static readonly unit = UNIT
}
