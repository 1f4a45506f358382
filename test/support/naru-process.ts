import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../cli/naru.mjs', import.meta.url))

/** A `naru …` command as a user runs it, with all it prints. */
export class NaruProcess implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exit: Promise<number | string>
  output = ''

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, command = [process.execPath, CLI]) {
    const inherited = { ...process.env }
    delete inherited.NODE_TEST_CONTEXT // a child is not part of the test runner's protocol
    delete inherited.NODE_COMPILE_CACHE // it has one without being told
    this.#process = spawn(command[0]!, [...command.slice(1), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, ...env },
    })
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.#exit = once(this.#process, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  }

  get pid(): number {
    return this.#process.pid!
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** The exit code, or the signal that ended it, when all its output is read. */
  async end(): Promise<number | string> {
    return await this.#exit
  }

  /** SIGKILL without waiting for what it started. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  async signal(name: NodeJS.Signals): Promise<number | string> {
    this.#process.kill(name)
    return await this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.signal('SIGKILL')
  }
}
