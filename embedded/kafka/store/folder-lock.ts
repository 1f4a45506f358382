/** Two brokers on one folder would destroy each other's logs. */
import fs from 'node:fs'
import path from 'node:path'

/**
 * Takes the folder for this process; throws when another living process has it. The returned function gives it back.
 * The lock of our own process may be that of a broker thread that was ended, so it does not count.
 */
export function lockFolder(dataDir: string): () => void {
  const file = path.join(dataDir, 'broker.pid')
  const holder = holderOf(file)
  if (holder !== undefined && holder !== process.pid) {
    throw new Error(`the data folder ${dataDir} is in use by the broker of process ${holder}`)
  }
  fs.writeFileSync(file, `${process.pid} ${startTime(process.pid) ?? ''}`)
  return () => fs.rmSync(file, { force: true })
}

/** The living process that wrote the file. */
function holderOf(file: string): number | undefined {
  if (!fs.existsSync(file)) return undefined
  const [pid = '', started = ''] = fs.readFileSync(file, 'utf8').split(' ')
  // Process ids come again: only with the same start time it is the process that wrote the file.
  const same = started === (startTime(Number(pid)) ?? '')
  return same && isAlive(Number(pid)) ? Number(pid) : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Clock ticks since boot at which the process began; undefined where there is no /proc. */
function startTime(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined // gone, or not Linux
  }
}
