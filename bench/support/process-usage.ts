import { readdir, readFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100 // USER_HZ of Linux on every platform Node runs on
const SAMPLE_MS = 500
/** Reading the whole of /proc costs CPU that the measured processes then lack: descendants are looked up in every so manieth sample. */
const SAMPLES_PER_FAMILY = 6

/** User + system CPU time and memory of a process and its descendants, read from /proc. */
export class ProcessUsage implements Disposable {
  readonly #pid: number
  readonly #timer: NodeJS.Timeout
  #startCpu = 0
  #samples = 0
  #family: readonly number[] = []
  /** Greatest sum of resident memory seen, bytes. */
  peakRss = 0

  private constructor(pid: number) {
    this.#pid = pid
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS)
  }

  static async of(pid: number): Promise<ProcessUsage> {
    const usage = new ProcessUsage(pid)
    await usage.restart()
    return usage
  }

  /** Count from now on. */
  async restart(): Promise<void> {
    this.#startCpu = await cpuSeconds(this.#pid)
    this.peakRss = 0
    await this.#sample()
  }

  /** CPU seconds since the last restart(). */
  async cpu(): Promise<number> {
    return (await cpuSeconds(this.#pid)) - this.#startCpu
  }

  /** CPU seconds of the process since it began. */
  async cpuSinceStart(): Promise<number> {
    return cpuSeconds(this.#pid)
  }

  async rss(): Promise<number> {
    return residentSum(await family(this.#pid))
  }

  async #sample(): Promise<void> {
    if (this.#samples++ % SAMPLES_PER_FAMILY === 0) this.#family = await family(this.#pid)
    this.peakRss = Math.max(this.peakRss, await residentSum(this.#family))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

async function cpuSeconds(root: number): Promise<number> {
  let ticks = 0
  for (const pid of await family(root)) {
    const stat = await readProc(pid, 'stat')
    if (stat === undefined) continue
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_SECOND
}

async function residentSum(pids: readonly number[]): Promise<number> {
  let sum = 0
  for (const pid of pids) sum += await residentBytes(pid)
  return sum
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readProc(pid, 'status')
  const match = status === undefined ? undefined : /VmRSS:\s+(\d+) kB/.exec(status)
  return match ? Number(match[1]) * 1024 : 0
}

async function family(root: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readProc(Number(entry), 'stat')
    if (stat !== undefined) parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const found = [root]
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child)
  return found
}

/** A process may end between two reads; then there is nothing to count. */
async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
