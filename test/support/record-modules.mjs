// For `--import`: writes the URLs of the modules that the main thread loads to the file RECORD_MODULES, and the names of Node's own at its exit.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const file = process.env.RECORD_MODULES
if (isMainThread && file !== undefined) {
  registerHooks({
    load(url, context, next) {
      appendFileSync(file, `${url}\n`)
      return next(url, context)
    },
  })
  process.on('exit', () => appendFileSync(file, process.moduleLoadList.map((each) => `${each}\n`).join('')))
}
