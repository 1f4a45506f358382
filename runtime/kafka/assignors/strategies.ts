import { ConfigError } from '../../api/errors.ts'
import type { AssignPartitions } from './assignor.ts'
import { assignRanges } from './range-assignor.ts'
import { assignRoundRobin } from './round-robin-assignor.ts'
import { assignCooperatively, assignSticky } from './sticky-assignor.ts'

/** A way to spread partitions over a group, under the name that Java members offer it too, so that both can share a group. */
export interface Strategy {
  readonly name: 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'
  /** Members may keep their partitions while they join. */
  readonly cooperative: boolean
  readonly assign: AssignPartitions
}

const KEY = 'partition.assignment.strategy'
const PACKAGE = 'org.apache.kafka.clients.consumer.'

const BY_CLASS: Readonly<Record<string, Strategy>> = {
  RangeAssignor: { name: 'range', cooperative: false, assign: assignRanges },
  RoundRobinAssignor: { name: 'roundrobin', cooperative: false, assign: assignRoundRobin },
  StickyAssignor: { name: 'sticky', cooperative: false, assign: assignSticky },
  CooperativeStickyAssignor: { name: 'cooperative-sticky', cooperative: true, assign: assignCooperatively },
}

/** As Java's consumers: the second stands by for a group that changes to it. */
export const DEFAULT_STRATEGIES: readonly Strategy[] = [
  BY_CLASS['RangeAssignor']!,
  BY_CLASS['CooperativeStickyAssignor']!,
]

/** Java's class names, with or without package, or the names of the protocols; preferred first. */
export function parseStrategies(key: string, text: string): readonly Strategy[] {
  const names = text.split(',').map((name) => name.trim())
  const found = names
    .filter((name) => name !== '')
    .map((name) => {
      const short = name.startsWith(PACKAGE) ? name.slice(PACKAGE.length) : name
      const strategy =
        (Object.hasOwn(BY_CLASS, short) ? BY_CLASS[short] : undefined) ??
        Object.values(BY_CLASS).find((each) => each.name === short)
      if (strategy === undefined)
        throw ConfigError.invalid(key, name, `it must be one of ${Object.keys(BY_CLASS).join(', ')}`)
      return strategy
    })
  if (found.length === 0) throw new ConfigError(KEY, 'at least one strategy is needed')
  if (new Set(found).size < found.length) throw ConfigError.invalid(key, text, 'a strategy is named twice')
  return found
}

/** Partitions are kept over rebalances only if every strategy that may be chosen allows it (ConsumerCoordinator, KIP-429). */
export function isCooperative(strategies: readonly Strategy[]): boolean {
  return strategies.every(({ cooperative }) => cooperative)
}
