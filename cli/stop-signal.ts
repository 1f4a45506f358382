/** Aborts on Ctrl-C or SIGTERM. A second Ctrl-C, a moment later, ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  let since = 0
  const onSignal = (): void => {
    // npm passes Ctrl-C on to us although the terminal has done so: two signals at once are one wish.
    if (stop.signal.aborted && Date.now() - since > 500) process.exit(130)
    if (!stop.signal.aborted) since = Date.now()
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  return stop.signal
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
