/** Waits for the promise, which must not reject: at most `ms`, and no longer than until the signal aborts. */
export async function awaitBriefly(
  promise: Promise<unknown>,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, Math.max(0, ms))
  const stop = (): void => resolve()
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted === true) stop()
  await Promise.race([promise, over])
  clearTimeout(timer)
  signal?.removeEventListener('abort', stop)
}
