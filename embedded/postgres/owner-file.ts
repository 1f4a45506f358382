import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Which process drives the server of a data folder, so that two of ours never share one. */
export class OwnerFile {
  readonly #path: string

  constructor(place: string) {
    this.#path = join(place, 'naru-owner')
  }

  /** Throws when another living process owns the folder. */
  async take(): Promise<void> {
    const owner = await readFile(this.#path, 'utf8').catch(() => '')
    const [pid = '', since = ''] = owner.trim().split(' ')
    if (pid !== '' && pid !== String(process.pid) && (await startTime(pid)) === since)
      throw new Error(`another process (pid ${pid}) runs Postgres in this data folder`)
    await writeFile(this.#path, `${process.pid} ${await startTime('self')}\n`)
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

/** Field 22 of /proc/PID/stat: with the pid it names one process for as long as the machine is up. */
async function startTime(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
