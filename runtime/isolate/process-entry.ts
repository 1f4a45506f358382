import { inhabit } from './guest-entry.ts'
import type { Command, ProcessMessage, Report } from './messages.ts'

// Invariant 3: whoever has lost its worker must not go on working beside those that take over. The worker's end closes the channel.
const exit = process.exit.bind(process)
process.on('disconnect', () => exit(0))
// The worker decides when its guests stop; a terminal sends its signals to the whole group.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)

function post(report: Report): void {
  if (!process.connected) return
  const { heapUsed, external } = report.type === 'pong' ? process.memoryUsage() : { heapUsed: 0, external: 0 }
  process.send!(report.type === 'pong' ? { ...report, usedMb: (heapUsed + external) / 2 ** 20 } : report)
}

const early: Command[] = []
let handler = (command: Command): void => void early.push(command)

process.on('message', (message: ProcessMessage) => {
  if (message.type !== 'settings') {
    handler(message)
    return
  }
  void inhabit({
    settings: message.settings,
    post,
    commands: (handle) => {
      handler = handle
      for (const command of early.splice(0)) handle(command)
    },
    active: () => undefined,
  })
})
