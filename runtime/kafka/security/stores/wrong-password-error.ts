/** A store, or a key in it, does not open with the password that was given. */
export class WrongPasswordError extends Error {
  /** None was given, and one is needed. */
  readonly missing: boolean

  constructor(options: { readonly missing?: boolean; readonly cause?: unknown } = {}) {
    const missing = options.missing ?? false
    super(missing ? 'a password is needed' : 'the password is wrong', { cause: options.cause })
    this.name = 'WrongPasswordError'
    this.missing = missing
  }
}
