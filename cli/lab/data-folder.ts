import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgres } from '@naru/embedded/postgres'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UsageError } from '../usage-error.ts'

/** As long as the one before may take to stop. */
const STOPPING_MS = 4_000

const MARK = 'naru.pid'

/** The folder of `naru demo` and `naru dev`: one process at a time. */
export class DataFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async open(dir: string, options: { readonly clean: boolean }): Promise<DataFolder> {
    const path = resolve(dir)
    const mark = await readFile(join(path, MARK), 'utf8').catch(() => undefined)
    await refuseSecondOwner(path, mark)
    if (options.clean) await clean(path, mark)
    await mkdir(path, { recursive: true })
    await writeFile(join(path, MARK), `${process.pid} ${await startTime('self')}\n`)
    await rm(join(path, 'endpoints.json'), { force: true }) // those of a process that was killed
    return new DataFolder(path)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** The mark stays and says that the folder is ours. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.file('endpoints.json'), { force: true })
    await writeFile(this.file(MARK), '')
  }
}

async function refuseSecondOwner(path: string, mark: string | undefined): Promise<void> {
  const [pid = '', since = ''] = (mark ?? '').trim().split(' ')
  const isThere = async (): Promise<boolean> => pid !== '' && (await startTime(pid)) === since
  const deadline = Date.now() + STOPPING_MS
  while ((await isThere()) && Date.now() < deadline) await delay(100)
  if (await isThere())
    throw new UsageError(
      `the data folder ${path} is used by another naru (pid ${pid}): stop it, or name another with --data DIR`,
    )
}

/** Removes only what naru made. */
async function clean(path: string, mark: string | undefined): Promise<void> {
  const entries = await readdir(path).catch(() => [])
  if (entries.length === 0) return
  if (mark === undefined)
    throw new UsageError(`--clean: ${path} is not empty and not a data folder of naru; nothing was removed`)
  await EmbeddedPostgres.remove(join(path, 'postgres'))
  await rm(path, { recursive: true, force: true })
}

/** Field 22 of /proc/PID/stat: with the pid it names one process for as long as the machine is up. */
async function startTime(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
