import { networkInterfaces } from 'node:os'
import type { Peer } from './peer-watch.ts'

export interface Surroundings {
  /** Addresses of this machine. */
  readonly addresses: readonly string[]
  /** Host names under which the brokers are reached. */
  readonly brokers: readonly string[]
}

/**
 * Is a member of the group with this worker's own URL what this worker was before it was killed? A URL that names a host has one process, which
 * this one is. One that only names the loopback interface may be that of a worker on each of several machines, which cannot reach each other but
 * share work nevertheless: then the member must have come to the broker from this machine. Pure.
 */
export function isFormerSelf({ url, host = '' }: Peer, { addresses, brokers }: Surroundings): boolean {
  if (!isLoopback(new URL(url).hostname)) return true
  const from = host.replace(/^\//, '').replace(/^::ffff:/, '')
  // Who is seen on the broker's loopback interface is on the broker's machine; so are we if that is how we get there.
  if (isLoopback(from)) return brokers.length > 0 && brokers.every(isLoopback)
  return addresses.includes(from)
}

export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((of = []) => of.map(({ address }) => address))
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?|\[?0:0:0:0:0:0:0:1\]?)$/i.test(host)
}
