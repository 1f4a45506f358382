import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Installation } from './installation.ts'
import { openScratchParents, postgresUser } from './postgres-user.ts'

const run = promisify(execFile)

export const USER = 'postgres'
export const PASSWORD = 'postgres'

/** A fresh data folder of this version. initdb needs a second, so it runs once per machine; later folders are copies. */
export async function template(installation: Installation): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'naru')
  const user = process.getuid?.() ?? 0
  const path = join(cache, `postgres-template-${installation.version}-${user}`)
  if (await exists(path)) return path
  await mkdir(cache, { recursive: true })
  const scratch = await mkdtemp(join(tmpdir(), 'naru-initdb-'))
  const draft = await mkdtemp(`${path}-`)
  try {
    await initdb(installation, scratch)
    await copyTree(join(scratch, 'data'), draft)
    await rename(draft, path).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error // else another process was first
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await rm(draft, { recursive: true, force: true })
  }
  return path
}

async function initdb(installation: Installation, scratch: string): Promise<void> {
  const user = postgresUser()
  const data = join(scratch, 'data')
  const password = join(scratch, 'password')
  await writeFile(password, `${PASSWORD}\n`)
  await mkdir(data)
  if (user !== undefined) {
    await openScratchParents(data)
    await chown(password, user.uid, user.gid)
    await chown(data, user.uid, user.gid)
  }
  await run(
    join(installation.bin, 'initdb'),
    [
      ...['-D', data, '-U', USER, `--pwfile=${password}`, '-A', 'scram-sha-256', '-E', 'UTF8'],
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-sync', '--no-instructions'],
    ],
    { cwd: scratch, env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' }, ...user },
  )
}

/** Copies the content of a folder with owners and modes; the copy belongs to the user Postgres runs as. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await run('cp', ['-a', `${from}/.`, to])
  await chmod(to, 0o700)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
