import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

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

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
  }
}
