/** Entry of the worker thread that runs a broker; the other side is threaded-kafka.ts. */
import { parentPort, workerData } from 'node:worker_threads'

import type { Logger } from 'naru/api'

import { EmbeddedKafka } from './broker.ts'
import type { BrokerCommand, BrokerEvent, BrokerThreadData } from './threaded-kafka.ts'

const port = parentPort
if (port === null) throw new Error('broker-thread.ts runs in a worker thread only')

const tell = (event: BrokerEvent): void => port.postMessage(event)

const logger: Logger = {
  debug: (message, fields) => tell({ kind: 'log', level: 'debug', message, fields: plain(fields) }),
  info: (message, fields) => tell({ kind: 'log', level: 'info', message, fields: plain(fields) }),
  warn: (message, fields) => tell({ kind: 'log', level: 'warn', message, fields: plain(fields) }),
  error: (message, fields) => tell({ kind: 'log', level: 'error', message, fields: plain(fields) }),
  child: () => logger,
}

const kafka = await EmbeddedKafka.start({ ...(workerData as BrokerThreadData), logger })
port.on('message', (command: BrokerCommand) => void obey(command))
const { port: boundPort, bootstrap, clusterId, addresses } = kafka
tell({ kind: 'started', port: boundPort, bootstrap, clusterId, addresses })

async function obey(command: BrokerCommand): Promise<void> {
  const { controls } = kafka
  switch (command.kind) {
    case 'inject':
      return void controls.inject(command.apiKey, command.fault, command.options)
    case 'clear':
      return controls.clear()
    case 'stopServing':
      return controls.stopServing(command.topic, command.partition)
    case 'serve':
      return controls.serve(command.topic, command.partition)
    case 'cutConnections':
      return controls.cutConnections()
    case 'close':
      await kafka.close()
      port!.close()
  }
}

/** Errors and such do not all survive the way to another thread; text does. */
function plain(fields: object | undefined): Record<string, string> | undefined {
  if (fields === undefined) return undefined
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)]))
}

function text(value: unknown): string {
  return value instanceof Error ? (value.stack ?? value.message) : String(value)
}
