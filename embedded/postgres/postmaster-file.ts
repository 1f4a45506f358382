import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** What a running server writes into its data folder (see "postmaster.pid" in src/include/utils/pidfile.h of PostgreSQL). */
export interface PostmasterFile {
  readonly pid: number
  readonly ready: boolean
}

export async function readPostmasterFile(place: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(place, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined
}

/** Ends the server that a killed process of ours left behind; a server whose folder this is not stays untouched. */
export async function stopOrphan(place: string): Promise<void> {
  const file = await readPostmasterFile(place)
  if (file === undefined || !(await worksIn(file.pid, place))) return
  signal(file.pid, 'SIGINT') // "fast" shutdown: ends sessions, writes a checkpoint
  const started = Date.now()
  while (await worksIn(file.pid, place)) {
    const waited = Date.now() - started
    if (waited > 60_000) throw new Error(`the Postgres left behind in ${place} (pid ${file.pid}) does not stop`)
    if (waited > 20_000) signal(file.pid, 'SIGQUIT') // "immediate": the next start replays the log
    await delay(20)
  }
}

/** A pid number alone proves nothing, it may have been given to another program. */
async function worksIn(pid: number, place: string): Promise<boolean> {
  return readlink(`/proc/${pid}/cwd`).then(
    (cwd) => cwd === place,
    () => false,
  )
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // ended by itself
  }
}
