import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../../cli/naru.mjs', import.meta.url))

/** A `naru …` process of its own, so that a test can kill -9 it and start it again with the same arguments. */
export class Child implements AsyncDisposable {
  readonly name: string
  readonly logFile: string
  readonly #args: readonly string[]
  readonly #ready: () => Promise<boolean>
  #process: ChildProcess | undefined

  constructor(options: { name: string; args: readonly string[]; logFile: string; ready: () => Promise<boolean> }) {
    this.name = options.name
    this.logFile = options.logFile
    this.#args = options.args
    this.#ready = options.ready
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Starts the process and waits until it serves. */
  async start(): Promise<void> {
    await this.launch()
    await this.untilReady()
  }

  /** Starts the process without waiting for it to serve. */
  async launch(): Promise<void> {
    const log = createWriteStream(this.logFile, { flags: 'a' })
    await once(log, 'open')
    const child = spawn(process.execPath, ['--max-semi-space-size=2', '--single-threaded-gc', CLI, ...this.#args], {
      stdio: ['ignore', log, log],
      env: childEnv(),
    })
    this.#process = child
    child.once('exit', () => log.close())
    await once(child, 'spawn')
  }

  async untilReady(timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      if (!this.running) throw new Error(`${this.name} ended before it was ready:\n${await this.logTail()}`)
      if (await this.#ready()) return
      if (Date.now() > deadline)
        throw new Error(`${this.name} not ready after ${timeoutMs} ms:\n${await this.logTail()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** SIGKILL, and wait until the kernel has taken it away. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: the graceful way. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined || !this.running) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async logTail(lines = 40): Promise<string> {
    const text = await readFile(this.logFile, 'utf8')
    return text.split('\n').slice(-lines).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

function childEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  delete env.NODE_TEST_CONTEXT // a child is not part of the test runner's protocol
  delete env.NODE_COMPILE_CACHE // it has one without being told
  return env
}
