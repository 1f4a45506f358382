import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { UsageError } from './usage-error.ts'

const TEMPLATE = join(import.meta.dirname, 'templates', 'connector')

/** Makes a plugin's folder from the template, under its own names; answers the folder. */
export async function newConnector(name: string, parent: string): Promise<string> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new UsageError(
      `"${name}" is no name for a package: lower case letters, digits and dashes, such as my-connector`,
    )
  const folder = resolve(parent, name)
  try {
    await mkdir(resolve(parent), { recursive: true })
    await mkdir(folder)
  } catch (error) {
    throw new UsageError(`${folder} cannot be made: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
  const names = namesOf(name)
  for (const file of await readdir(TEMPLATE)) {
    const text = await readFile(join(TEMPLATE, file), 'utf8')
    await writeFile(join(folder, renamed(file, names)), renamed(text, names))
  }
  return relative(process.cwd(), folder) || '.'
}

interface Names {
  /** `orders-api` */
  readonly file: string
  /** `OrdersApi` */
  readonly class: string
}

function namesOf(name: string): Names {
  const base = name.replace(/-connector$/, '')
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
  return { file: base, class: base.split('-').map(capital).join('') }
}

/** `my-connector` -> `orders-api-connector`, `my-source` -> `orders-api-source`, `MySourceTask` -> `OrdersApiSourceTask` */
function renamed(text: string, names: Names): string {
  return text
    .replaceAll(/\bmy-(connector|source|sink)\b/g, (_, role: string) => `${names.file}-${role}`)
    .replaceAll(/\bMy(?=Source|Sink|Connector)/g, names.class)
}
