// Installs what package-lock.json names when node_modules is missing or different. Runs before `npm start` and `npm test`, on any
// Node >= 20 and without dependencies.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (!upToDate()) {
  console.log('Installing the dependencies (npm ci; once, about half a minute) …')
  const npm = process.env.npm_execpath
  const [command, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm]
  const { status, error } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) {
    console.error(`npm ci failed${error === undefined ? '' : `: ${error.message}`}. Is the npm registry reachable?`)
    process.exit(1)
  }
}

/** npm writes down what it installed; every package of the lock file must be there in the same version. */
function upToDate() {
  const installed = packagesOf('node_modules/.package-lock.json')
  const wanted = packagesOf('package-lock.json')
  if (installed === undefined || wanted === undefined) return false
  return Object.entries(wanted).every(([path, wish]) => {
    if (!path.startsWith('node_modules/')) return true // the workspaces themselves
    const found = installed[path]
    if (found === undefined) return wish.optional === true // of another platform
    return found.version === wish.version
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined // not installed yet, or an installation was interrupted
  }
}
