const SECRET_KEY = /password|passwd|secret|token|credential|sasl\.jaas\.config|private.?key|api.?key/i

/** A copy without the values of keys that look secret (nested up to 4 deep). Invariant 5: secrets reach no log. */
export function redacted(fields: object, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) {
    if (SECRET_KEY.test(key) && value !== undefined && value !== null) out[key] = '[hidden]'
    else if (isPlain(value) && depth < 4) out[key] = redacted(value, depth + 1)
    else out[key] = value
  }
  return out
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
