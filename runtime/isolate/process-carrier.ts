import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ConnectError } from '../api/index.ts'
import type { Logger } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Carrier, CarrierOptions } from './carrier.ts'
import type { Command, ProcessMessage, Report } from './messages.ts'

/** What a process holds in memory beside heap and buffers (code, stacks, the allocator), MB. */
const OVERHEAD_MB = 96
/** Linux: units of utime and stime in /proc/PID/stat; the same on all its platforms. */
const TICK_MS = 10
const PAGE_BYTES = 4096

/**
 * A child process. It costs the memory of a Node process, and nothing a plugin does in it, not even a heap that fills within one
 * call, ends anything else. The child ends itself when its parent is gone.
 */
export class ProcessCarrier implements Carrier {
  readonly kind = 'process'
  readonly lastActive = undefined
  readonly #child: ChildProcess
  readonly #ended = new Deferred()
  #reportedMb: number | undefined

  constructor({ name, settings, memoryMaxMb, events, logger }: CarrierOptions & { readonly logger: Logger }) {
    this.#child = fork(fileURLToPath(new URL('./process-entry.ts', import.meta.url)), [], {
      // Buffers, bigints and undefined cross as they do between threads.
      serialization: 'advanced',
      execArgv: [
        `--max-old-space-size=${memoryMaxMb}`,
        '--max-semi-space-size=2',
        '--single-threaded-gc',
        `--title=naru ${name}`,
      ],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    // Not as an argument or in the environment: worker properties may hold secrets.
    this.#send({ type: 'settings', settings })
    this.#child.on('message', (report) => {
      const { usedMb } = report as { readonly usedMb?: number }
      if (usedMb !== undefined) this.#reportedMb = usedMb
      events.report(report as Report)
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      createInterface({ input: stream }).on('line', (line) => logger.info(line))
    let failure: Error | undefined
    this.#child.on('error', (error) => (failure ??= error))
    let over = false
    const onEnd = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (over) return
      over = true
      this.#ended.resolve()
      events.ended(stackTrace(failure ?? explained(name, code, signal, memoryMaxMb)))
    }
    this.#child.on('exit', onEnd)
    // A process that could not be started at all has no exit.
    this.#child.on('close', onEnd)
  }

  post(command: Command): void {
    this.#send(command)
  }

  async cpuMs(): Promise<number | undefined> {
    const stat = await this.#proc('stat')
    // The name in brackets may hold spaces: fields count from behind it.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  async memoryMb(): Promise<number | undefined> {
    const pages = (await this.#proc('statm'))?.split(' ')[1]
    return pages === undefined ? this.#reportedMb : (Number(pages) * PAGE_BYTES) / 2 ** 20 - OVERHEAD_MB
  }

  async terminate(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended.promise
  }

  #send(message: ProcessMessage): void {
    // A process that is ending takes no messages; its end is told by itself.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  async #proc(file: string): Promise<string | undefined> {
    try {
      return await readFile(`/proc/${this.#child.pid}/${file}`, 'latin1')
    } catch {
      return undefined // not Linux, or it is gone
    }
  }
}

function explained(
  name: string,
  code: number | null,
  signal: NodeJS.Signals | null,
  memoryMaxMb: number,
): ConnectError {
  const how = signal === null ? `exit code ${code}` : signal
  // V8 aborts when a heap is full and cannot be emptied; the operating system kills when the machine's memory is.
  const memory = ['SIGABRT', 'SIGTRAP', 'SIGKILL'].includes(signal ?? '') || code === 134
  return new ConnectError(
    memory
      ? `process ${name} was ended by ${how}, most likely because its memory was full (task.memory.max.mb=${memoryMaxMb}): raise that limit, or let the connector read smaller batches`
      : `process ${name} ended with ${how}`,
  )
}
