import { access, chmod, constants, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'

/** Postgres refuses to run as root; then it runs as nobody. */
export interface PostgresUser {
  readonly uid: number
  readonly gid: number
}

const NOBODY = 65534

/** undefined: as the user of this process. */
export function postgresUser(): PostgresUser | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined
}

/** The nearest folder above `path` that other users may not pass through. */
export async function closedParent(path: string): Promise<string | undefined> {
  for (let dir = dirname(resolve(path)); ; dir = dirname(dir)) {
    const entry = await stat(dir).catch(() => undefined) // not made yet: nothing to pass
    if (entry !== undefined && (entry.mode & 0o001) === 0) return dir
    if (dir === dirname(dir)) return undefined
  }
}

/** Scratch folders (mkdtemp makes them 0700) may be passed through from now on, though not listed. */
export async function openScratchParents(path: string): Promise<void> {
  const scratch = resolve(tmpdir()) + sep
  for (let dir = dirname(resolve(path)); dir.startsWith(scratch); dir = dirname(dir)) {
    const { mode } = await stat(dir)
    if ((mode & 0o001) === 0) await chmod(dir, (mode & 0o7777) | 0o001)
  }
}

/** A folder every user may pass through and that outlives a reboot where the system has one. */
export async function scratchRoot(): Promise<string> {
  for (const dir of ['/var/tmp', tmpdir()]) {
    const open = await access(dir, constants.W_OK).then(
      () => true,
      () => false,
    )
    if (open && (await closedParent(join(dir, 'x'))) === undefined) return dir
  }
  throw new Error(`neither /var/tmp nor ${tmpdir()} is open to the user that Postgres runs as`)
}
