import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

// The rooms of docs/architecture.md. A file may import its own room and rooms of a smaller number.
const ROOMS: Readonly<Record<string, number>> = {
  connect: 9, // the files at the top of runtime/
  rest: 8,
  herder: 7,
  worker: 6,
  isolate: 5,
  task: 4,
  plugins: 3,
  storage: 3,
  group: 3,
  kafka: 2,
  config: 2,
  converters: 2,
  transforms: 2,
  async: 1,
  telemetry: 1,
  api: 0, // the logger of telemetry implements the one of the contract
}

/** `testing` is exported and imported by no room. */
const TESTING_MAY_IMPORT = ['testing', 'api', 'async', 'telemetry', 'task', 'storage']

/** Rooms and packages that know nothing but the plugin contract. */
const CONTRACT_ONLY = ['converters', 'transforms']

/** Who alone may import a package or a module of Node. */
const PRIVATE_PACKAGES: readonly { readonly name: string; readonly allowed: (file: string) => boolean }[] = [
  { name: 'kafkajs', allowed: (file) => file === 'runtime/kafka/kafkajs-internals.ts' },
  { name: 'express', allowed: (file) => file.startsWith('runtime/rest/') },
  { name: 'node:worker_threads', allowed: (file) => file.startsWith('runtime/isolate/') },
]

/** Files named index.ts, one per way into a package. */
const ENTRIES = [
  'runtime/index.ts',
  'runtime/api/index.ts',
  'runtime/testing/index.ts',
  'runtime/kafka/protocol/index.ts',
  'embedded/s3/operations/index.ts',
]

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

interface Import {
  readonly file: string
  readonly specifier: string
  /** Path in the repository; undefined for packages. */
  readonly target: string | undefined
}

const files = globSync('{runtime,connectors,embedded,cli}/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules'] }).sort()
const imports = files.flatMap(importsOf)

describe('the architecture', () => {
  test('every file of the runtime lies in a room', () => {
    const homeless = files.filter((file) => file.startsWith('runtime/') && !isRoom(roomOf(file)))
    assert.deepEqual(homeless, [])
  })

  test('no room imports upward or sideways', () => {
    const upward = imports.filter(({ file, target }) => {
      if (!file.startsWith('runtime/') || target === undefined || !target.startsWith('runtime/')) return false
      const [from, to] = [roomOf(file), roomOf(target)]
      if (from === to) return false
      if (from === 'testing') return !TESTING_MAY_IMPORT.includes(to)
      return !((ROOMS[to] ?? Infinity) < ROOMS[from]!)
    })
    assert.deepEqual(upward.map(show), [])
  })

  test('nobody outside isolate and testing imports task', () => {
    const found = imports.filter(
      ({ file, target }) =>
        target !== undefined && roomOf(target) === 'task' && !['task', 'isolate', 'testing'].includes(roomOf(file)),
    )
    assert.deepEqual(found.map(show), [])
  })

  test('there is no import circle, types included', () => {
    assert.deepEqual(circles(), [])
  })

  test('converters and transforms know only the plugin contract', () => {
    const found = imports.filter(
      ({ file, target }) =>
        CONTRACT_ONLY.includes(roomOf(file)) && target !== undefined && ![roomOf(file), 'api'].includes(roomOf(target)),
    )
    assert.deepEqual(found.map(show), [])
  })

  test('a connector knows only the plugin contract and itself', () => {
    const found = imports.filter(({ file, specifier, target }) => {
      const home = /^connectors\/[^/]+\//.exec(file)?.[0]
      if (home === undefined) return false
      return target === undefined
        ? specifier === 'naru' || specifier.startsWith('@naru/') || /^naru\/(?!api$)/.test(specifier)
        : !target.startsWith(home)
    })
    assert.deepEqual(found.map(show), [])
  })

  test('embedded parts and the command reach the runtime by its package entries', () => {
    const found = imports.filter(({ file, target }) => {
      const home = /^(embedded|cli)\//.exec(file)?.[0]
      return home !== undefined && target !== undefined && !target.startsWith(home)
    })
    assert.deepEqual(found.map(show), [])
  })

  for (const { name, allowed } of PRIVATE_PACKAGES)
    test(`${name} is imported only where it belongs`, () => {
      const found = imports.filter(
        ({ file, specifier }) =>
          file.startsWith('runtime/') && (specifier === name || specifier.startsWith(`${name}/`)) && !allowed(file),
      )
      assert.deepEqual(found.map(show), [])
    })

  test('an index.ts stands only where a package is entered', () => {
    const found = files.filter(
      (file) =>
        basename(file) === 'index.ts' && !/^connectors\/[^/]+\/index\.ts$/.test(file) && !ENTRIES.includes(file),
    )
    assert.deepEqual(found, [])
  })
})

function isRoom(room: string): boolean {
  return room in ROOMS || room === 'testing'
}

/** `runtime/kafka/records/x.ts` -> kafka; a file at the top of the runtime -> connect; outside the runtime -> ''. */
function roomOf(file: string): string {
  const parts = file.split('/')
  if (parts[0] !== 'runtime') return ''
  return parts.length === 2 ? 'connect' : parts[1]!
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const pattern = /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(pattern)].map((match) => {
    const specifier = (match[1] ?? match[2] ?? match[3])!
    return { file, specifier, target: targetOf(file, specifier) }
  })
}

function targetOf(file: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : undefined
}

/** Every circle that a walk along the imports runs into. */
function circles(): string[] {
  const targets = Map.groupBy(imports, ({ file }) => file)
  const done = new Set<string>()
  const found: string[] = []
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (path.includes(file) || done.has(file)) return
    for (const { target } of targets.get(file) ?? []) if (target !== undefined) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  return found
}

function show({ file, specifier }: Import): string {
  return `${file} imports ${specifier}`
}
