import { ConnectError } from './api/errors.ts'
import type { ConnectorFile } from './config/properties.ts'
import type { Herder } from './herder/herder.ts'
import type { TargetState } from './storage/config-records.ts'

const TARGETS: Readonly<Record<NonNullable<ConnectorFile['initialState']>, TargetState>> = {
  RUNNING: 'STARTED',
  PAUSED: 'PAUSED',
  STOPPED: 'STOPPED',
}

/** A connector of the command line could not be made or started: as with Kafka Connect, the worker ends. */
export class ConnectorStartError extends ConnectError {}

/** Makes the connectors of a standalone worker's command line, one after another; each has started before the next. */
export async function createGiven(herder: Herder, files: readonly ConnectorFile[], signal: AbortSignal): Promise<void> {
  for (const file of files) {
    try {
      await create(herder, file, signal)
    } catch (error) {
      if (signal.aborted) throw error
      throw new ConnectorStartError(`Failed to create connector ${file.name}: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }
}

async function create(herder: Herder, file: ConnectorFile, signal: AbortSignal): Promise<void> {
  const { name, config, initialState } = file
  await herder.configs.create(name, config, initialState && TARGETS[initialState], signal)
  await herder.started(name, signal)
  const { state, trace } = herder.statuses.status(name).connector
  if (state === 'FAILED') throw new ConnectError(trace ?? 'it failed')
}
