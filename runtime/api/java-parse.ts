const FLOAT = /^([+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))[fFdD]?$/

/** As java.lang.Double#parseDouble reads it, but for hexadecimal ones. Undefined: it is no number. */
export function parseJavaDouble(text: string): number | undefined {
  const [, number] = FLOAT.exec(javaTrim(text)) ?? []
  return number === undefined ? undefined : Number(number)
}

/** As java.lang.String#trim: of ASCII white space and control characters alone. */
export function javaTrim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return text.slice(start, end)
}
