import { execFile, fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** An embedded broker in a process of its own, to be killed. */
export class BrokerProcess implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** `defaults`: broker properties. */
  static async start(dataDir: string, defaults: Readonly<Record<string, string>> = {}): Promise<BrokerProcess> {
    const child = fork(new URL('./kafka-process.ts', import.meta.url), [dataDir, '0', JSON.stringify(defaults)])
    const [message] = (await once(child, 'message')) as [{ port: number }]
    return new BrokerProcess(child, message.port)
  }

  /** Whose files cannot grow beyond so many KiB, as on a full disk: bash and prlimit (Linux) see to that. */
  static async startLimited(dataDir: string, fileKib: number): Promise<BrokerProcess> {
    const program = fileURLToPath(new URL('./kafka-process.ts', import.meta.url))
    // A write past the limit shall fail, not end the process.
    const script = `trap '' XFSZ; ulimit -Sf ${fileKib}; exec "$@"`
    const args = ['-c', script, 'bash', process.execPath, program, dataDir, '0']
    const child = spawn('bash', args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const [message] = (await once(child, 'message')) as [{ port: number }]
    return new BrokerProcess(child, message.port)
  }

  /** Gives the space back. */
  async unlimit(): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(this.#child.pid), '--fsize=unlimited:unlimited'])
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
  }
}
