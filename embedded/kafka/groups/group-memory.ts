/**
 * What outlives the broker of its groups, as Kafka keeps it in __consumer_offsets: after a restart members go on with their ids,
 * generation and assignment, and nobody has to join again. One small file per group with members.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

import type { Logger } from 'naru/api'
import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'
import type { GroupView, Member } from './group-types.ts'

/** A generation whose members have their assignments. */
export interface SettledGroup {
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leaderId: string | null
  readonly members: readonly SettledMember[]
}

export type SettledMember = Omit<Member, 'sessionDeadline' | 'joining' | 'syncing'>

/** As the group is now. */
export function settledGroup({ generation, protocolType, protocol, leaderId, members }: GroupView): SettledGroup {
  const settled = members.map(({ sessionDeadline: _, joining: __, syncing: ___, ...member }) => member)
  return { generation, protocolType, protocol, leaderId, members: settled }
}

/** Bytes as base64. */
interface StoredGroup extends Omit<SettledGroup, 'members'> {
  readonly groupId: string
  readonly members: readonly (Omit<SettledMember, 'protocols' | 'assignment'> & {
    readonly protocols: readonly { readonly name: string; readonly metadata: string }[]
    readonly assignment: string
  })[]
}

export class GroupMemory {
  readonly #folder: string
  readonly #logger: Logger

  private constructor(folder: string, logger: Logger) {
    this.#folder = folder
    this.#logger = logger
  }

  static open(folder: string, logger: Logger): GroupMemory {
    fs.mkdirSync(folder, { recursive: true })
    return new GroupMemory(folder, logger)
  }

  all(): readonly (readonly [groupId: string, group: SettledGroup])[] {
    return fs
      .readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readJsonFile<StoredGroup>(path.join(this.#folder, name))!)
      .map((stored) => [stored.groupId, restored(stored)])
  }

  save(groupId: string, group: SettledGroup): void {
    const members = group.members.map(({ protocols, assignment, ...member }) => ({
      ...member,
      protocols: protocols.map(({ name, metadata }) => ({ name, metadata: metadata.toString('base64') })),
      assignment: assignment.toString('base64'),
    }))
    const stored: StoredGroup = { ...group, groupId, members }
    try {
      writeFileAtomically(this.#fileOf(groupId), JSON.stringify(stored))
    } catch (error) {
      // The group lives on; only after a restart of the broker its members must join again.
      this.#logger.warn(`cannot keep the members of group ${groupId}`, { error })
    }
  }

  drop(groupId: string): void {
    fs.rmSync(this.#fileOf(groupId), { force: true })
  }

  /** Group ids may hold any character and be longer than a file name. */
  #fileOf(groupId: string): string {
    return path.join(this.#folder, `${createHash('sha256').update(groupId).digest('hex').slice(0, 32)}.json`)
  }
}

function restored({ groupId: _, members, ...group }: StoredGroup): SettledGroup {
  return {
    ...group,
    members: members.map(({ protocols, assignment, ...member }) => ({
      ...member,
      protocols: protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata, 'base64') })),
      assignment: Buffer.from(assignment, 'base64'),
    })),
  }
}
