import type { Logger, Props } from '../api/index.ts'
import { Admin } from './admin.ts'
import { Consumer } from './consumer.ts'
import { Fetcher } from './fetcher.ts'
import { GroupMember } from './group-member.ts'
import type { GroupMemberOptions } from './group-member.ts'
import { Producer } from './producer.ts'

/** Everything a worker or task needs from one cluster. */
export class KafkaClients implements AsyncDisposable {
  constructor(_options: { readonly props: Props; readonly logger: Logger }) {}
  admin(): Admin {
    return new Admin()
  }
  producer(_props: Props = {}): Producer {
    return new Producer()
  }
  fetcher(_props: Props = {}): Fetcher {
    return new Fetcher()
  }
  consumer(_props: Props): Consumer {
    return new Consumer()
  }
  groupMember(_options: GroupMemberOptions): GroupMember {
    return new GroupMember()
  }
  async clusterId(): Promise<string> {
    throw new Error('not connected')
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
