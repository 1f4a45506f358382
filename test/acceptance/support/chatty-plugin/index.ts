import { configDef, definePlugin } from 'naru/api'
import type { Logger, Props, SourceTaskContext } from 'naru/api'

/** Says at debug level what it does: nothing, over and over. */
class ChattyTask {
  static readonly className = 'ChattyTask'
  #logger: Logger | undefined

  async start(_props: Props, context: SourceTaskContext): Promise<void> {
    this.#logger = context.logger
  }

  async poll(): Promise<readonly []> {
    await new Promise((resolve) => setTimeout(resolve, 20))
    this.#logger?.debug('nothing to read')
    return []
  }

  async stop(): Promise<void> {}
}

class ChattySource {
  static readonly version = '1.0.0'
  static readonly type = 'source' as const
  static readonly task = ChattyTask
  static readonly configDef = () => configDef({})

  async start(): Promise<void> {}

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Array.from({ length: maxTasks }, () => ({}))
  }

  async stop(): Promise<void> {}
}

export default definePlugin({ name: 'chatty-plugin', version: '1.0.0', connectors: { ChattySource } })
