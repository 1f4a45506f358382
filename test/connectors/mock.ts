import { configDef } from 'naru/api'
import type { ConfigDef, ConnectorContext, Props, SinkTaskContext, SourceRecord } from 'naru/api'
import { integer } from './integer.ts'
import { pause } from './throttle.ts'

const DEFAULT_DELAY_MS = 15_000

/** Fails after `delay_ms` when `mock_mode` names it. */
class Fuse {
  #at = Infinity

  light(props: Props, mode: 'connector-failure' | 'task-failure'): void {
    if (props['mock_mode'] === mode) this.#at = Date.now() + integer(props, 'delay_ms', DEFAULT_DELAY_MS)
  }

  get leftMs(): number {
    return this.#at - Date.now()
  }

  check(): void {
    if (this.leftMs <= 0) throw new Error('the mock task was told to fail')
  }
}

class MockConnector {
  static readonly version = '1.0.0'
  #props: Props = {}
  #timer: NodeJS.Timeout | undefined

  static configDef(): ConfigDef {
    return configDef({})
  }

  async start(props: Props, context: ConnectorContext): Promise<void> {
    this.#props = props
    const fuse = new Fuse()
    fuse.light(props, 'connector-failure')
    if (Number.isFinite(fuse.leftMs))
      this.#timer = setTimeout(() => context.raiseError(new Error('the mock connector was told to fail')), fuse.leftMs)
  }

  async taskConfigs(): Promise<readonly Props[]> {
    return [this.#props]
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
  }
}

export class MockSourceTask {
  static readonly className = 'org.apache.kafka.connect.tools.MockSourceTask'
  readonly #fuse = new Fuse()

  async start(props: Props): Promise<void> {
    this.#fuse.light(props, 'task-failure')
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    await pause(Math.min(Math.max(this.#fuse.leftMs, 0), 1000), signal)
    this.#fuse.check()
    return []
  }

  async stop(): Promise<void> {}
}

export class MockSinkTask {
  static readonly className = 'org.apache.kafka.connect.tools.MockSinkTask'
  readonly #fuse = new Fuse()
  #context: SinkTaskContext | undefined

  async start(props: Props, context: SinkTaskContext): Promise<void> {
    this.#context = context
    this.#fuse.light(props, 'task-failure')
    this.#comeAgain()
  }

  async put(): Promise<void> {
    this.#fuse.check()
    this.#comeAgain()
  }

  /** Without a record put would not be called until the next commit. */
  #comeAgain(): void {
    if (Number.isFinite(this.#fuse.leftMs)) this.#context?.timeout(Math.min(Math.max(this.#fuse.leftMs, 1), 250))
  }

  async stop(): Promise<void> {}
}

export class MockSourceConnector extends MockConnector {
  static readonly type = 'source' as const
  static readonly task = MockSourceTask
}

export class MockSinkConnector extends MockConnector {
  static readonly type = 'sink' as const
  static readonly task = MockSinkTask
}
