export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Asks a worker's REST API, a Java one's too: that refuses while a rebalance is on, and is asked again then. */
export async function askConnect(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  for (;;) {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status === 409 && /rebalance|stale/.test(text)) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      continue
    }
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}
