import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OPTIMIZER = new URL('../../../cli/optimizer.ts', import.meta.url).href

/** In a process of its own, since V8's flags are the process's. Prints whether `hot` is optimized after each step. */
async function steps(code: string): Promise<readonly string[]> {
  const script = `
    import { setFlagsFromString } from 'node:v8'
    import { Optimizer } from '${OPTIMIZER}'
    const hot = (n) => { let sum = 0; for (let i = 0; i < n; i++) sum = (sum * 31 + i) | 0; return sum }
    const MAGLEV_OR_TURBOFAN = (1 << 5) | (1 << 6)
    const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end;) hot(1000) }
    const look = () => { spin(50); console.log((%GetOptimizationStatus(hot) & MAGLEV_OR_TURBOFAN) !== 0) }
    const turn = () => new Promise((resolve) => setTimeout(resolve))
    for (const compiler of ['maglev', 'turbofan']) setFlagsFromString('--no-' + compiler) // as naru.mjs does
    ${code}
  `
  const flags = ['--allow-natives-syntax', '--input-type=module']
  const { stdout } = await run(process.execPath, [...flags, '--eval', script])
  return stdout.trim().split('\n')
}

describe("V8's optimizing compilers", () => {
  test('are off until they are allowed', async () => {
    const code = 'const optimizer = new Optimizer(3_600_000); look(); await turn(); optimizer.allow(); look()'
    assert.deepEqual(await steps(code), ['false', 'true'])
  })

  test('stay off while there is little to do, and are allowed when the thread is busy', async () => {
    const code = `
      new Optimizer(100)
      for (let i = 0; i < 4; i++) { await new Promise((resolve) => setTimeout(resolve, 90)); spin(10) }
      look()
      for (let i = 0; i < 40; i++) { spin(20); await turn() }
      look()`
    assert.deepEqual(await steps(code), ['false', 'true'])
  })
})
