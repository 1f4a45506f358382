import { flushCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { ConnectError } from '../api/index.ts'
import { WorkerConfig } from '../config/worker-config.ts'
import { PluginRegistry } from '../plugins/plugin-registry.ts'
import { silentLogger } from '../telemetry/context-logger.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import { guestLogger } from './guest-logger.ts'
import { Guests } from './guests.ts'
import type { Command, Report, ThreadSettings } from './messages.ts'

const settings = workerData as ThreadSettings
const port = parentPort!
const post = (report: Report): void => port.postMessage(report)
const logger = guestLogger(post, settings.debug)

const early: Command[] = []
const house: { guests?: Guests } = {}
port.on('message', (command: Command) => {
  if (house.guests === undefined) early.push(command)
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
  ...{ worker, plugins, logger, post },
  metricsIntervalMs: settings.metricsIntervalMs,
  activity: new Int32Array(settings.activity),
})
house.guests = guests
for (const command of early.splice(0)) guests.handle(command)
post({ type: 'ready' })
// A thread that is terminated later would leave nothing for the next one.
flushCompileCache()
