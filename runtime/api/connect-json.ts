/**
 * JSON text in the form that Kafka Connect writes to its topics and REST answers: compact, short escapes, other control
 * characters as `\u00XX`, characters outside the basic plane as two surrogate escapes, hexadecimal digits in upper case.
 */
export function connectJson(value: unknown): string {
  return JSON.stringify(value, exactIntegers).replace(/\\\\|\\u[0-9a-f]{4}|[\ud800-\udfff]/g, escape)
}

function escape(found: string): string {
  if (found === '\\\\') return found
  if (found.startsWith('\\u')) return `\\u${found.slice(2).toUpperCase()}`
  return `\\u${found.charCodeAt(0).toString(16).toUpperCase()}`
}

function exactIntegers(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return RawJson.rawJSON(value.toString())
}

/**
 * Reads JSON as Connect reads its own topics: integers beyond 2^53 become bigint, so that no digit is lost.
 * `undefined` when the text is not JSON.
 */
export function parseConnectJson(text: string): unknown {
  try {
    return RawJson.parse(text, (_key, value, context) => {
      if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
      return context.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
    })
  } catch {
    return undefined
  }
}

/** Parts of the platform's JSON that the language's type library does not describe yet. */
const RawJson = JSON as unknown as {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
}
