#!/usr/bin/env -S node --max-semi-space-size=2 --single-threaded-gc
// The first flag keeps the young generation of each thread small: records live in buffers, and without it a busy worker holds 180 MB
// more for the same CPU time (bench/cdc.ts). The second lets each thread collect its own small heap: helpers of the collector cost more
// to wake than they take over (bench/snapshot.ts: 7 % less CPU, 10 % more rows). Both can be given only here, in package.json and
// where processes are started.
// `npx naru` runs with the caller's Node, which may be too old for TypeScript; then the Node that npm installed with us takes over.
import { spawn } from 'node:child_process'
import { createRequire, enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

// npm that is killed with -9 cannot pass that on; without this, the next `npm start` would find the data folder in use.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  watch.unref()
}

const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  // Before anything is loaded: see optimizer.ts. Not where Node has opened the cache already: it keeps code by V8's flags, and they change.
  if (process.argv[2] === 'worker' && process.env.NODE_COMPILE_CACHE === undefined) {
    process.env.NARU_OPTIMIZER = 'off'
    setFlagsFromString('--no-maglev')
    setFlagsFromString('--no-turbofan')
  }
  // Types are stripped and code is compiled once per version, not at every start, and never again in each task's thread: less
  // than half the CPU time of a start, and 40 MB less memory, since the stripper itself is not loaded. Threads and child
  // processes find the cache by the variable.
  process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'naru', 'compiled')
  enableCompileCache(process.env.NODE_COMPILE_CACHE)
  await import('./naru.ts')
} else {
  const child = spawn(
    bundledNode(),
    ['--max-semi-space-size=2', '--single-threaded-gc', fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
    },
  )
  // Ctrl-C reaches the child too; only the child decides when it is done.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.once('exit', (code, signal) => {
    if (signal !== null) process.removeAllListeners(signal)
    if (signal === null) process.exitCode = code ?? 1
    else process.kill(process.pid, signal)
  })
}

function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node')
  } catch {
    console.error(
      `naru needs Node 22.18 or newer; this is ${process.version}, and the npm package ${name} is not installed.`,
    )
    process.exit(1)
  }
}
