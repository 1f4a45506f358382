import { flushCompileCache } from 'node:module'
import { ConnectError } from '../api/index.ts'
import { WorkerConfig } from '../config/worker-config.ts'
import { PluginRegistry } from '../plugins/plugin-registry.ts'
import { silentLogger } from '../telemetry/context-logger.ts'
import { LoggerLevels } from '../telemetry/logger-levels.ts'
import { collectStartupGarbage } from '../telemetry/startup-garbage.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import { guestLogger } from './guest-logger.ts'
import { Guests } from './guests.ts'
import type { Command, GuestSettings, InstanceId, Report } from './messages.ts'

export interface EntryOptions {
  readonly settings: GuestSettings
  readonly post: (report: Report) => void
  /** Subscribes to the worker's commands; they may come before guests can live here. */
  readonly commands: (handle: (command: Command) => void) => void
  /** Called before plugin code of this guest runs; 0: nobody's. */
  readonly active: (instance: InstanceId) => void
}

/** Makes this thread or process a place for guests. */
export async function inhabit({ settings, post, commands, active }: EntryOptions): Promise<void> {
  const early: Command[] = []
  const house: { guests?: Guests } = {}
  const levels = new LoggerLevels('info')
  levels.replace(settings.logLevels)
  commands((command) => {
    if (command.type === 'log-levels') levels.replace(command.levels)
    else if (house.guests === undefined) early.push(command)
    else house.guests.handle(command)
  })

  // An exception nobody catches has an owner: the guest in whose call it began. Only that one fails.
  const onUncaught = (error: unknown): void => {
    const { guests } = house
    if (guests?.fail(guests.current, error)) return
    post({ type: 'fatal', instance: undefined, trace: stackTrace(error) })
    exit(1)
  }
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)

  const exit = process.exit.bind(process)
  process.exit = (code) => {
    const error = new ConnectError(`process.exit(${code ?? 0}) was called in a plugin`)
    post({ type: 'fatal', instance: house.guests?.current, trace: stackTrace(error) })
    return exit(code)
  }

  const worker = WorkerConfig.parse(settings.workerProps, settings.mode)
  // The worker's own thread has told already what is wrong with plugins.
  const plugins = await PluginRegistry.load({ pluginPath: worker.common['plugin.path'] ?? [], logger: silentLogger })
  const guests = new Guests({
    ...{ worker, plugins, post, active },
    logger: guestLogger(post, levels),
    metricsIntervalMs: settings.metricsIntervalMs,
  })
  house.guests = guests
  for (const command of early.splice(0)) guests.handle(command)
  post({ type: 'ready' })
  // One that is ended later would leave nothing for the next.
  flushCompileCache()
  collectStartupGarbage()
}
