import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

/**
 * Sends `signal` to a server when this process ends, however that happens: a small shell holds the other end of a pipe that the
 * kernel closes, even after kill -9. Kill the returned process when the server has ended.
 */
export function stopWithParent(pid: number, signal: 'INT' | 'KILL'): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', `read _; kill -${signal} "$1"`, 'naru-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()
  return guard
}
