/** Polls `check` until it answers something other than undefined or false; fails with `describe()` after `timeoutMs`. */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly timeoutMs: number; readonly describe: () => string | Promise<string>; readonly everyMs?: number },
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`not within ${options.timeoutMs} ms: ${await options.describe()}`)
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 100))
  }
}
