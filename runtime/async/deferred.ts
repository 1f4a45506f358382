/** A promise and the two ends that settle it. */
export class Deferred<T = void> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | PromiseLike<T>) => void
  readonly reject: (error: unknown) => void

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.promise = promise
    this.resolve = resolve
    this.reject = reject
  }
}
