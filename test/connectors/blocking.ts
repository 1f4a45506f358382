import { configDef } from 'naru/api'
import type {
  ConfigDef,
  ConfigValue,
  ConnectorContext,
  Offsets,
  Props,
  SinkTaskContext,
  SourceRecord,
  SourceTaskContext,
} from 'naru/api'
import { Line } from './tell.ts'
import { forever } from './throttle.ts'

/**
 * Connectors that block in the call that `block` names, as those of Kafka Connect's BlockingConnectorTest:
 * Connector::initialize, ::start, ::stop, ::taskConfigs, ::validate, ::config (ConfigBlockingConnector); Task::start, ::stop;
 * SourceTask::initialize, ::poll, ::commit; SinkTask::initialize, ::open, ::put, ::preCommit, ::close.
 *
 * Blocked is a promise that waits until the test lets it go (`handle.release(at)`); with `block.how=spin` the thread is held for good.
 */
class Blocker {
  readonly #props: Props
  readonly #line: Line

  constructor(props: Props, line: Line) {
    this.#props = props
    this.#line = line
  }

  async at(...calls: readonly string[]): Promise<void> {
    const call = calls.find((each) => each === this.#props['block'])
    if (call === undefined) return
    if (this.#props['block.how'] !== 'spin') return await this.#line.blocked(call)
    this.#line.tell({ type: 'blocked', at: call })
    for (;;) spun = (spun + 1) % 1000
  }
}

let spun = 0

const definition = configDef({
  block: {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    documentation: 'Where to block, e.g. Connector::start.',
  },
  'block.how': {
    type: 'STRING',
    default: 'await',
    importance: 'LOW',
    documentation: 'await, or spin: hold the thread.',
  },
})

class BlockingTask {
  protected line = new Line({ connector: '' })
  protected blocker = new Blocker({}, this.line)

  async start(props: Props, { connector, task }: SourceTaskContext | SinkTaskContext): Promise<void> {
    this.line = new Line({ connector, task })
    this.blocker = new Blocker(props, this.line)
    this.line.tell({ type: 'start' })
    await this.blocker.at('SourceTask::initialize', 'SinkTask::initialize', 'Task::start')
  }

  async stop(): Promise<void> {
    this.line.tell({ type: 'stop' })
    await this.blocker.at('Task::stop')
  }
}

class BlockingSourceTask extends BlockingTask {
  static readonly className = 'org.apache.kafka.connect.integration.BlockingConnectorTest$BlockingSourceTask'

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    await this.blocker.at('SourceTask::poll')
    await forever(signal)
    return []
  }

  async commit(): Promise<void> {
    await this.blocker.at('SourceTask::commit')
  }
}

class BlockingSinkTask extends BlockingTask {
  static readonly className = 'org.apache.kafka.connect.integration.BlockingConnectorTest$BlockingSinkTask'

  async open(): Promise<void> {
    await this.blocker.at('SinkTask::open')
  }

  async put(): Promise<void> {
    await this.blocker.at('SinkTask::put')
  }

  async preCommit(delivered: Offsets): Promise<Offsets> {
    await this.blocker.at('SinkTask::preCommit')
    return delivered
  }

  async close(): Promise<void> {
    await this.blocker.at('SinkTask::close')
  }
}

class Blocking {
  static readonly version = '0.0.0'
  #props: Props = {}
  #line = new Line({ connector: '' })
  #blocker = new Blocker({}, this.#line)

  static configDef(): ConfigDef {
    return definition
  }

  static async validate(props: Props, values: readonly ConfigValue[]): Promise<readonly ConfigValue[]> {
    await new Blocker(props, new Line({ connector: props['name'] ?? '' })).at('Connector::validate')
    return values
  }

  async start(props: Props, { connector }: ConnectorContext): Promise<void> {
    this.#props = props
    this.#line = new Line({ connector })
    this.#blocker = new Blocker(props, this.#line)
    this.#line.tell({ type: 'start' })
    await this.#blocker.at('Connector::initialize', 'Connector::start')
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    await this.#blocker.at('Connector::taskConfigs')
    return Array.from({ length: maxTasks }, () => this.#props)
  }

  async stop(): Promise<void> {
    this.#line.tell({ type: 'stop' })
    await this.#blocker.at('Connector::stop')
  }
}

export class BlockingSourceConnector extends Blocking {
  static readonly type = 'source' as const
  static readonly task = BlockingSourceTask
}

export class BlockingSinkConnector extends Blocking {
  static readonly type = 'sink' as const
  static readonly task = BlockingSinkTask
}

/** Blocks in the connector; its tasks do nothing. */
export class BlockingConnector extends BlockingSourceConnector {}

/**
 * Its definition never comes, wherever it is asked for but in the thread that reads plugins: `configDef` is a synchronous call, so that blocking
 * there is holding the thread. CONFIG_BLOCKED_MS bounds it.
 */
export class ConfigBlockingConnector extends BlockingSourceConnector {
  static override configDef(): ConfigDef {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CONFIG_BLOCKED_MS)
    return definition
  }
}

const CONFIG_BLOCKED_MS = 5_000
