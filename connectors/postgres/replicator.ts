import { setTimeout as delay } from 'node:timers/promises'
import type { Logger, SourceOffset, ConnectError } from 'naru/api'
import { ConfigError } from 'naru/api'
import type pg from 'pg'
import { explained } from './connection-errors.ts'
import type { EventFactory } from './event-factory.ts'
import type { PostgresSourceConfig } from './postgres-source-config.ts'
import { closeQuietly, connect } from './postgres/connection.ts'
import { formatLsn } from './postgres/lsn.ts'
import { errorStateOf, isTransient } from './postgres/postgres-error.ts'
import { qualified } from './postgres/publication.ts'
import { createSlot, dropSlot, readSlot } from './postgres/replication-slot.ts'
import type { RecordQueue } from './record-queue.ts'
import { Snapshot } from './snapshot/snapshot.ts'
import { snapshotPlan } from './snapshot/snapshot-plan.ts'
import type { Server } from './source-info.ts'
import { StreamPosition } from './source-offset.ts'
import type { ServerState } from './startup-checks.ts'
import { applicationName, serverProblems, slotInUse } from './startup-checks.ts'
import type { FlushPosition } from './streaming/flush-position.ts'
import { StreamingSession } from './streaming/streaming-session.ts'
import { TableRegistry } from './table-registry.ts'
import type { TopicNaming } from './topic-naming.ts'

export interface ReplicatorOptions {
  readonly config: PostgresSourceConfig
  readonly logger: Logger
  readonly naming: TopicNaming
  readonly factory: EventFactory
  readonly queue: RecordQueue
  readonly flush: FlushPosition
  /** As stored; undefined: nothing, or an unfinished snapshot. */
  readonly position: StreamPosition | undefined
}

const FIRST_RETRY_MS = 300
const SLOT_IN_USE = '55006'

/**
 * Keeps rows flowing into the queue: checks, publication, slot, snapshot, stream; and all of it again after the connection was
 * lost, from the position reached in memory. Ends when aborted, or hands the queue an error that waiting cannot mend.
 */
export class Replicator {
  readonly #options: ReplicatorOptions
  readonly #server: Server
  #position: StreamPosition | undefined
  #snapshotDone = false
  #session: StreamingSession | undefined

  constructor(options: ReplicatorOptions) {
    const { config } = options
    this.#options = options
    this.#position = options.position
    this.#server = { version: config.version, name: config.prefix, database: config.connection.database }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { config, logger, queue } = this.#options
    let failures = 0
    let slotFailures = 0
    let progress: StreamPosition | undefined
    while (!signal.aborted) {
      try {
        await this.#runOnce(signal)
        return
      } catch (error) {
        if (signal.aborted) return
        const inUse = errorStateOf(error) === SLOT_IN_USE
        if (this.#position !== undefined && this.#position.lsn !== progress?.lsn) {
          failures = 0
          slotFailures = 0
        }
        progress = this.#position?.copy()
        failures++
        if (inUse) slotFailures++
        const exhausted = inUse
          ? slotFailures > config.slot.maxRetries
          : config.errorsMaxRetries >= 0 && failures > config.errorsMaxRetries
        if (!isTransient(error) || exhausted) {
          queue.fail(inUse ? await this.#slotHolder(error) : explained(error, config))
          return
        }
        const longest = inUse ? config.slot.retryDelayMs : config.retryMaxMs
        const waitMs = Math.min(longest, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10))
        logger.warn(`${explained(error, config).message}; trying again in ${waitMs} ms`)
        await delay(waitMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** The flush position has moved: tell the server. */
  confirm(): void {
    this.#session?.sendStatus()
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const { config, logger, naming } = this.#options
    const stack = new AsyncDisposableStack()
    await using _ = stack
    const client = await this.#connect(stack, 'general', false)
    const { problems, state } = await serverProblems(client, config)
    const blocking = problems.filter((problem) => problem.key !== 'slot.name' || state.slot?.activePid === undefined)
    if (blocking.length > 0) throw blocking[0]!
    const plan = snapshotPlan({
      mode: config.snapshot.mode,
      hasPosition: this.#position !== undefined,
      slotExists: state.slot !== undefined,
      snapshotDone: this.#snapshotDone,
    })
    const registry = await TableRegistry.open({ client, config, naming, logger })
    switch (plan) {
      case 'slot-missing':
        throw this.#slotMissing()
      case 'idle':
        return
      case 'snapshot-only':
        await this.#snapshot(stack, registry, state, undefined, signal)
        return
      case 'stream':
      case 'snapshot-and-stream': {
        await this.#preparePublication(client, state)
        const replication = await this.#connect(stack, 'streaming', true)
        const slot = await this.#prepareSlot(replication, state, plan === 'snapshot-and-stream')
        if (plan === 'snapshot-and-stream') {
          this.#position = undefined
          if (!(await this.#snapshot(stack, registry, state, slot, signal))) return
          this.#snapshotDone = true
          await delay(config.streamingDelayMs, undefined, { signal }).catch(() => undefined)
        }
        this.#position ??= new StreamPosition()
        await this.#stream(client, replication, registry, this.#position, signal)
      }
    }
  }

  async #connect(stack: AsyncDisposableStack, role: string, replication: boolean): Promise<pg.Client> {
    const { config } = this.#options
    const client = await connect(config.connection, { applicationName: applicationName(config, role), replication })
    stack.defer(() => closeQuietly(client))
    return client
  }

  async #preparePublication(client: pg.Client, state: ServerState): Promise<void> {
    const { config, logger } = this.#options
    if (state.publication.do === 'run') {
      logger.info(`running ${state.publication.sql}`)
      await client.query(state.publication.sql)
    }
    for (const table of state.tables) {
      const wanted = config.replicaIdentities.filter((rule) => rule.table.test(`${table.schema}.${table.table}`))
      if (wanted.length > 1)
        throw new ConfigError(
          'replica.identity.autoset.values',
          `more than one rule matches table ${table.schema}.${table.table}; keep one`,
        )
      const value = wanted[0]?.value
      if (value === undefined || sameIdentity(value, table.replicaIdentity)) continue
      const using = /^index\s+(\S+)$/i.exec(value)
      const clause = using === null ? value.toUpperCase() : `USING INDEX "${using[1]}"`
      try {
        await client.query(`ALTER TABLE ${qualified(table)} REPLICA IDENTITY ${clause}`)
      } catch (error) {
        if (isTransient(error)) throw error
        logger.error(`cannot set the replica identity of ${table.schema}.${table.table}: ${(error as Error).message}`)
      }
    }
  }

  /**
   * The permanent slot, made when it is not there. A snapshot needs one that exports its view: the new slot itself, or beside an
   * existing one a temporary slot, at whose consistent point the stream of the old one then begins. Either way no change is
   * missing and none comes twice.
   */
  async #prepareSlot(
    replication: pg.Client,
    state: ServerState,
    forSnapshot: boolean,
  ): Promise<{ readonly snapshot: string; readonly lsn: number } | undefined> {
    const { config, logger } = this.#options
    if (state.slot !== undefined && !forSnapshot) return undefined
    const temporary = state.slot !== undefined
    const name = temporary ? `${config.slot.name.slice(0, 50)}_snap_${process.pid}` : config.slot.name
    const created = await createSlot(replication, {
      slot: name,
      temporary,
      failover: config.slot.failover && !temporary,
    })
    logger.info(
      `created ${temporary ? 'temporary ' : ''}replication slot ${name} at ${formatLsn(created.consistentPoint)}`,
    )
    return created.snapshot === undefined ? undefined : { snapshot: created.snapshot, lsn: created.consistentPoint }
  }

  async #snapshot(
    stack: AsyncDisposableStack,
    registry: TableRegistry,
    state: ServerState,
    imported: { readonly snapshot: string; readonly lsn: number } | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { config, logger, factory, queue, flush } = this.#options
    await delay(config.snapshot.delayMs, undefined, { signal }).catch(() => undefined)
    const client = await this.#connect(stack, 'snapshot', false)
    const subset = config.snapshot.tables
    const tables = state.tables.filter(
      ({ schema, table }) => subset.length === 0 || subset.some((regex) => regex.test(`${schema}.${table}`)),
    )
    const emitted = (offset: SourceOffset) => flush.emitted(offset)
    const snapshot = new Snapshot({ server: this.#server, registry, factory, queue, logger, emitted })
    const point = await snapshot.run(client, tables, imported, signal)
    if (point === undefined) return false
    this.#position = StreamPosition.afterSnapshot(point.lsn, point.txId, point.tsUsec)
    return true
  }

  async #stream(
    client: pg.Client,
    replication: pg.Client,
    registry: TableRegistry,
    position: StreamPosition,
    signal: AbortSignal,
  ): Promise<void> {
    const session = await StreamingSession.open(
      { ...this.#options, server: this.#server, client, replication, registry, position },
      signal,
    )
    this.#session = session
    try {
      await session.run(signal)
    } finally {
      this.#session = undefined
      session.close()
    }
    const { config } = this.#options
    if (config.slot.dropOnStop) {
      await closeQuietly(replication)
      await dropSlot(client, config.slot.name)
    }
  }

  async #slotHolder(cause: unknown): Promise<ConnectError> {
    const { config } = this.#options
    try {
      const client = await connect(config.connection, { applicationName: applicationName(config, 'general') })
      try {
        return slotInUse(config.slot.name, (await readSlot(client, config.slot.name))?.activePid)
      } finally {
        await closeQuietly(client)
      }
    } catch {
      return explained(cause, config)
    }
  }

  #slotMissing(): ConfigError {
    const { slot, snapshot } = this.#options.config
    return new ConfigError(
      'slot.name',
      `replication slot "${slot.name}" does not exist any more, the changes since the stored offset are no longer available (snapshot.mode=${snapshot.mode}). Set snapshot.mode=when_needed to take a new snapshot, or reset the offsets of the connector`,
    )
  }
}

function sameIdentity(value: string, current: string): boolean {
  return value.length === 0 || (!/^index/i.test(value) && value[0]!.toLowerCase() === current)
}
