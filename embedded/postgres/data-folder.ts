import { chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installation } from './installation.ts'
import { closedParent, openScratchParents, postgresUser, scratchRoot } from './postgres-user.ts'
import { copyTree, template } from './template.ts'

/** Written in place of the data where that place is closed to the user Postgres runs as; says where the data is. */
const POINTER = 'moved-to.txt'

/** The folder with PG_VERSION, made from the template on first use. Returns its real place. */
export async function openDataFolder(dataDir: string, installation: Installation): Promise<string> {
  const place = await placeOf(dataDir)
  const version = await readFile(join(place, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version === undefined) {
    await copyTree(await template(installation), place)
    return place
  }
  if (Number.parseInt(version, 10) !== installation.major)
    throw new Error(
      `${place} holds data of Postgres ${version.trim()}, the embedded one is ${installation.major}: remove the folder or name another`,
    )
  return place
}

/** Where the data of an existing folder is; undefined: there is none yet. */
export async function findDataFolder(dataDir: string): Promise<string | undefined> {
  const moved = await readFile(join(dataDir, POINTER), 'utf8').catch(() => undefined)
  const place = moved === undefined ? dataDir : moved.trim()
  return stat(join(place, 'PG_VERSION')).then(
    () => place,
    () => undefined,
  )
}

export async function removeDataFolder(dataDir: string): Promise<void> {
  const place = await findDataFolder(dataDir)
  if (place !== undefined) await rm(place, { recursive: true, force: true })
  await rm(dataDir, { recursive: true, force: true })
}

async function placeOf(dataDir: string): Promise<string> {
  const known = await findDataFolder(dataDir)
  if (known !== undefined) {
    if (known === dataDir && postgresUser() !== undefined) await openScratchParents(dataDir)
    return known
  }
  await mkdir(dataDir, { recursive: true })
  const user = postgresUser()
  if (user === undefined) return dataDir
  await openScratchParents(dataDir)
  if ((await closedParent(dataDir)) === undefined) return dataDir
  const place = await mkdtemp(join(await scratchRoot(), 'naru-postgres-data-'))
  await chown(place, user.uid, user.gid)
  await writeFile(join(dataDir, POINTER), `${place}\n`)
  return place
}
