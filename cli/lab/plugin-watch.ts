import type { RunningWorker } from 'naru'
import { existsSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join, resolve, sep } from 'node:path'

/** Editors write a file in several steps. */
const QUIET_MS = 150

/** Takes changed plugins of a folder up while the worker runs, and says so in one line each. */
export class PluginWatch implements Disposable {
  readonly #root: string
  readonly #worker: RunningWorker
  readonly #say: (line: string) => void
  readonly #watcher: FSWatcher
  readonly #changed = new Map<string, NodeJS.Timeout>()
  #turn: Promise<void> = Promise.resolve()

  /** `root`: a plugin's folder, or one with folders of plugins. */
  constructor(root: string, worker: RunningWorker, say: (line: string) => void) {
    this.#root = resolve(root)
    this.#worker = worker
    this.#say = say
    this.#watcher = watch(this.#root, { recursive: true }, (_event, file) => {
      if (file !== null && !file.split(sep).includes('node_modules')) this.#touched(file)
    })
    this.#watcher.on('error', (error) => say(`changes in ${root} are no longer seen: ${error.message}`))
  }

  #touched(file: string): void {
    const single = existsSync(join(this.#root, 'package.json'))
    const folder = single ? this.#root : join(this.#root, file.split(sep)[0]!)
    clearTimeout(this.#changed.get(folder))
    const timer = setTimeout(() => {
      this.#changed.delete(folder)
      this.#turn = this.#turn.then(() => this.#reload(folder))
    }, QUIET_MS)
    this.#changed.set(folder, timer)
  }

  async #reload(folder: string): Promise<void> {
    if (!existsSync(join(folder, 'package.json'))) return
    try {
      const restarted = await this.#worker.reloadPlugin(folder)
      this.#say(`${folder}: new code${restarted.length === 0 ? '' : `; restarted: ${restarted.join(', ')}`}`)
    } catch (error) {
      const [why] = (error as Error).message.trim().split('\n')
      this.#say(`${folder}: cannot be loaded, the old code goes on: ${why}`)
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
    for (const timer of this.#changed.values()) clearTimeout(timer)
  }
}
