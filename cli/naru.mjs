#!/usr/bin/env node
// `npx naru` runs with the caller's Node, which may be too old for TypeScript; then the Node that npm installed with us takes over.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) await import('./naru.ts')
else {
  const child = spawn(bundledNode(), [fileURLToPath(new URL('./naru.ts', import.meta.url)), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
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
