import type { GroupProtocol, Member } from './group-types.ts'

/** Each member votes for the first of its protocols that all speak; the most votes win, the first candidate in a draw. */
export function vote(members: readonly Member[]): string {
  const common = members[0]!.protocols
    .map((protocol) => protocol.name)
    .filter((name) => members.every((member) => member.protocols.some((protocol) => protocol.name === name)))
  const votes = new Map(common.map((name) => [name, 0]))
  for (const member of members) {
    const choice = member.protocols.find((protocol) => votes.has(protocol.name))
    if (choice !== undefined) votes.set(choice.name, votes.get(choice.name)! + 1)
  }
  return [...votes].reduce((best, candidate) => (candidate[1] > best[1] ? candidate : best))[0]
}

export function sameProtocols(a: readonly GroupProtocol[], b: readonly GroupProtocol[]): boolean {
  return a.length === b.length && a.every((one, at) => one.name === b[at]!.name && one.metadata.equals(b[at]!.metadata))
}
