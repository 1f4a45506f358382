/** What a probe does wrong on purpose. */
export type Misdeed = 'throw' | 'crash' | 'reject' | 'exit' | 'spin' | 'leak-heap' | 'leak-buffers' | 'bomb'

const kept: unknown[] = []

/** Never comes back from `spin` and the leaks. */
export function misbehave(misdeed: string): Promise<void> {
  switch (misdeed as Misdeed) {
    case 'throw':
      throw new TypeError('the probe was told to throw')
    case 'crash':
      setTimeout(() => {
        throw new RangeError('the probe was told to crash')
      }, 1)
      return new Promise(() => undefined)
    case 'reject':
      void Promise.reject(new RangeError('the probe was told to reject'))
      return new Promise(() => undefined)
    case 'exit':
      process.exit(3)
    case 'spin':
      for (;;) kept.length = 0
    case 'bomb':
      // Without a pause: no watch can come between.
      for (;;) kept.push(new Array(10_000).fill(kept.length))
    case 'leak-heap':
      return leakHeap()
    case 'leak-buffers':
      return leakBuffers()
  }
}

/** In small steps: a thread that fills its heap without a pause can end the whole process (V8 has no way out then). */
async function leakHeap(): Promise<void> {
  for (;;) {
    for (let i = 0; i < 100; i++) kept.push(new Array(100).fill(i))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function leakBuffers(): Promise<void> {
  for (;;) {
    kept.push(Buffer.alloc(4 * 2 ** 20, 1))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
