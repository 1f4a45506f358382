import type { Herder } from '../../herder/herder.ts'
import type { WorkerHttp } from '../worker-http.ts'
import { ok } from '../route.ts'
import type { Answer, Call, Route } from '../route.ts'

const PROGRESS = '/connectors/:connector/progress'
/** A worker that does not tell within this time is shown as silent. */
const PROGRESS_TIMEOUT_MS = 2_000

type Progress = { readonly id: number; readonly worker_id?: string } & Readonly<Record<string, unknown>>

/** What Naru adds: who is in the group, and how far the tasks are. */
export function workerRoutes(http: WorkerHttp): readonly Route[] {
  return [
    {
      verb: 'get',
      path: '/workers',
      summary: 'Workers of the group, the leader, and what each of them runs (of Naru)',
      answers: { 200: 'Workers' },
      handle: ({ herder }) => ok(workers(herder)),
    },
    {
      verb: 'get',
      path: PROGRESS,
      summary: 'How far each task is, and what it waits for (of Naru)',
      query: { local: '`true`: only tasks of this worker' },
      answers: { 200: 'Progress', 404: 'Error' },
      handle: (call) => progress(call, http),
    },
  ]
}

interface WorkerInfo {
  readonly worker_id: string
  readonly url: string
  readonly leader: boolean
  readonly connectors: readonly string[]
  readonly tasks: readonly { readonly connector: string; readonly task: number }[]
}

/** Members are those of the last settled generation; what they run is what the status log says. */
function workers({ parts }: Herder): readonly WorkerInfo[] {
  const { group, statuses } = parts
  const leader = group.membership?.leaderUrl
  const runs = new Map<string, { connectors: string[]; tasks: { connector: string; task: number }[] }>()
  const of = (worker: string) => {
    let found = runs.get(worker)
    if (found === undefined) runs.set(worker, (found = { connectors: [], tasks: [] }))
    return found
  }
  for (const connector of statuses.connectors()) {
    const status = statuses.connector(connector)
    if (status !== undefined && status.state !== 'UNASSIGNED') of(status.workerId).connectors.push(connector)
    for (const [task, { state, workerId }] of statuses.tasks(connector))
      if (state !== 'UNASSIGNED') of(workerId).tasks.push({ connector, task })
  }
  return group.workers.map(({ url }) => {
    const workerId = hostOf(url)
    const { connectors = [], tasks = [] } = runs.get(workerId) ?? {}
    return { worker_id: workerId, url, leader: url === leader, connectors: connectors.sort(), tasks }
  })
}

async function progress({ herder, request, param, signal }: Call, http: WorkerHttp): Promise<Answer> {
  const name = param('connector')
  herder.configs.config(name)
  const { workerId, worker, group, url: own } = herder.parts
  const here = (await worker.progress(name)).map((task) => ({ ...task, worker_id: workerId }) as unknown as Progress)
  if (request.query['local'] === 'true') return ok({ name, tasks: here })
  // Only workers that have tasks of it: one connector of many is rarely on all of them.
  const owners = new Map<string, number[]>()
  for (const [task, status] of herder.parts.statuses.tasks(name))
    if (status.workerId !== workerId) owners.set(status.workerId, [...(owners.get(status.workerId) ?? []), task])
  const urlOf = (id: string): string =>
    group.workers.find(({ url }) => hostOf(url) === id)?.url ?? new URL(`//${id}/`, own).href
  const there = await Promise.all(
    [...owners].map(async ([id, tasks]) => {
      const told = await askProgress(http, urlOf(id), name, request.headers.authorization, signal)
      return (
        told ??
        tasks.map((task) => ({
          id: task,
          worker_id: id,
          state: herder.parts.statuses.task(name, task)?.state ?? 'UNASSIGNED',
          waits_for: 'worker',
        }))
      )
    }),
  )
  const shown = new Map<number, Progress>()
  for (const task of [...there.flat(), ...here]) shown.set(task.id, task)
  return ok({ name, tasks: [...shown.values()].sort((a, b) => a.id - b.id) })
}

/** `http://host:port/` -> `host:port`, the port also where it is the protocol's default. */
function hostOf(url: string): string {
  return url.slice(url.indexOf('//') + 2).replace(/\/$/, '')
}

/** undefined: it did not tell. Also a Java worker, which knows no such path. */
async function askProgress(
  http: WorkerHttp,
  base: string,
  connector: string,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<readonly Progress[] | undefined> {
  if (signal.aborted) return undefined
  try {
    const reply = await http.ask({
      method: 'GET',
      url: new URL(`connectors/${encodeURIComponent(connector)}/progress?local=true`, base),
      timeoutMs: PROGRESS_TIMEOUT_MS,
      ...(authorization === undefined ? {} : { headers: { Authorization: authorization } }),
    })
    if (reply.status !== 200) return undefined
    return (JSON.parse(reply.body.toString('utf8')) as { tasks: readonly Progress[] }).tasks
  } catch {
    return undefined // said in the answer: the task waits for its worker
  }
}
