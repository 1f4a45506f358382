import type { Command, GuestSettings, InstanceId, Report } from './messages.ts'

export interface CarrierEvents {
  report(report: Report): void
  /** It is no more, whoever ended it. `trace` as in a status. */
  ended(trace: string): void
}

export interface CarrierOptions {
  readonly name: string
  readonly settings: GuestSettings
  /** Heap and buffers together, MB. */
  readonly memoryMaxMb: number
  readonly events: CarrierEvents
}

/** What guests run in: a thread of this process or a process of their own. */
export interface Carrier {
  /** For log lines: `thread` or `process`. */
  readonly kind: string
  /** The guest whose call began last, when that can be known. */
  readonly lastActive: InstanceId | undefined
  post(command: Command): void
  /** Used so far, also by one that does not answer; undefined where the platform does not tell. */
  cpuMs(): Promise<number | undefined>
  /** Heap and buffers, MB; undefined where the platform does not tell. */
  memoryMb(): Promise<number | undefined>
  /** Nothing in it runs any more when this resolves. */
  terminate(): Promise<void>
}
