import type { LineLevel } from './context-logger.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'off'

const RANK: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5, off: 6 }

/** The ancestor of all loggers, and the name under which it is asked and told. */
export const ROOT = 'root'

/** The runtime's own loggers have the names of the packages that do the same in Kafka Connect, so that scripts for it find them. */
const RUNTIME = 'org.apache.kafka.connect'
const RUNTIME_LOGGERS: Readonly<Record<string, string>> = {
  rest: `${RUNTIME}.runtime.rest`,
  storage: `${RUNTIME}.storage`,
  group: `${RUNTIME}.runtime.distributed.group`,
  herder: `${RUNTIME}.runtime.distributed.herder`,
  plugins: `${RUNTIME}.runtime.isolation`,
}
/** Above the loggers of connectors and tasks: `connectors.<connector>.task-<n>`. */
const CONNECTORS = 'connectors'

/** More names than this are not remembered; their levels are right all the same. */
const KNOWN_MAX = 10_000

export interface LoggerLevel {
  /** Its own or, without one, that of its nearest ancestor. */
  readonly level: LogLevel
  /** ms since the epoch; null: as at start. */
  readonly lastModified: number | null
}

/**
 * The name of the logger that writes lines of a context: `[orders|task-0] [offsets]` is `connectors.orders.task-0.offsets`. Contexts are what
 * people read, names are what levels hold for.
 */
export function loggerName(context: string): string {
  const parts = [...context.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1]!)
  const [first, ...rest] = parts
  if (first === undefined) return RUNTIME
  const bar = first.lastIndexOf('|')
  const base =
    bar < 0
      ? (RUNTIME_LOGGERS[first] ?? `${RUNTIME}.${first}`)
      : `${CONNECTORS}.${first.slice(0, bar)}.${first.slice(bar + 1)}`
  return [base, ...rest].join('.')
}

/** A tree of loggers by dotted names. A level holds for the logger and all below it until one of them is given another. */
export class LoggerLevels {
  /** A level was set. */
  onChange: () => void = () => undefined
  readonly #own = new Map<string, LogLevel>()
  readonly #modified = new Map<string, number>()
  readonly #known = new Set<string>([ROOT, RUNTIME, ...Object.values(RUNTIME_LOGGERS)])
  /** Ranks by context, until a level changes. */
  readonly #ranks = new Map<string, number>()

  constructor(root: LogLevel) {
    this.#own.set(ROOT, root)
  }

  /** Is a line of this level to be written? */
  passes(context: string, level: LineLevel): boolean {
    let rank = this.#ranks.get(context)
    if (rank === undefined) {
      const name = loggerName(context)
      this.#know(name)
      rank = RANK[this.#levelOf(name)]
      if (this.#ranks.size < KNOWN_MAX) this.#ranks.set(context, rank)
    }
    return RANK[level] >= rank
  }

  /** Answers the loggers whose level is now another: of `name` itself and those below it, sorted. */
  set(name: string, level: LogLevel): readonly string[] {
    this.#know(name)
    const below = [...this.#known].filter((each) => isWithin(each, name))
    const affected = below.filter((each) => this.#levelOf(each) !== level).sort()
    for (const each of this.#own.keys()) if (each !== ROOT && isWithin(each, name)) this.#own.delete(each)
    this.#own.set(name, level)
    const now = Date.now()
    for (const each of affected) this.#modified.set(each, now)
    this.#ranks.clear()
    this.onChange()
    return affected
  }

  /** undefined: nobody logs by this name, and no level was set for it. */
  get(name: string): LoggerLevel | undefined {
    if (!this.#known.has(name)) return undefined
    return { level: this.#levelOf(name), lastModified: this.#modified.get(name) ?? null }
  }

  /** Sorted by name. */
  all(): ReadonlyMap<string, LoggerLevel> {
    return new Map([...this.#known].sort().map((name) => [name, this.get(name)!]))
  }

  /** Names with a level of their own: enough for another thread to decide alike. */
  own(): readonly (readonly [name: string, level: LogLevel])[] {
    return [...this.#own]
  }

  /** Takes over what `own` of another tree answered. */
  replace(own: readonly (readonly [name: string, level: LogLevel])[]): void {
    this.#own.clear()
    for (const [name, level] of own) this.#own.set(name, level)
    this.#ranks.clear()
  }

  #know(name: string): void {
    if (this.#known.size < KNOWN_MAX) this.#known.add(name)
  }

  #levelOf(name: string): LogLevel {
    for (let at = name; ; at = at.slice(0, at.lastIndexOf('.'))) {
      const level = this.#own.get(at)
      if (level !== undefined) return level
      if (!at.includes('.')) return this.#own.get(ROOT) ?? 'info'
    }
  }
}

function isWithin(name: string, namespace: string): boolean {
  return namespace === ROOT || name === namespace || name.startsWith(`${namespace}.`)
}
