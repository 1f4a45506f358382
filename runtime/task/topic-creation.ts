import { ConnectError } from '../api/index.ts'
import type { Logger } from '../api/index.ts'
import type { TopicCreationGroup } from '../config/topic-creation-config.ts'
import type { Admin } from '../kafka/admin.ts'

/** Creates the topics of a source connector as its groups say (KIP-158); everything else is left to the broker. */
export class TopicCreation {
  readonly #groups: readonly TopicCreationGroup[]
  readonly #admin: () => Admin
  readonly #logger: Logger

  constructor(options: {
    /** In the order in which they are tried; the last one fits all. */
    readonly groups: readonly TopicCreationGroup[]
    /** Asked for when the first topic is needed. */
    readonly admin: () => Admin
    readonly logger: Logger
  }) {
    this.#groups = options.groups
    this.#admin = options.admin
    this.#logger = options.logger
  }

  async ensure(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (const topic of topics) await this.#ensure(topic, signal)
  }

  async #ensure(name: string, signal: AbortSignal): Promise<void> {
    const group = groupOf(name, this.#groups)
    if (group === undefined) return
    try {
      if ((await this.#admin().partitions(name, signal)) !== undefined) return
      const { partitions, replicationFactor, configs } = group
      const created = await this.#admin().createTopic({ name, partitions, replicationFactor, configs }, signal)
      if (created) this.#logger.info(`created topic ${name}`, { group: group.name, partitions, replicationFactor })
    } catch (error) {
      throw new ConnectError(
        `Task failed to create new topic (name=${name}, numPartitions=${group.partitions}, replicationFactor=${group.replicationFactor}). Ensure that the task is authorized to create topics or that the topic exists and restart the task`,
        { cause: error },
      )
    }
  }
}

export function groupOf(topic: string, groups: readonly TopicCreationGroup[]): TopicCreationGroup | undefined {
  return groups.find(
    ({ include, exclude }) => include.some((each) => each.test(topic)) && !exclude.some((each) => each.test(topic)),
  )
}
