/** The members of a JSON object as the bytes have them: name → text of the value. */
export function jsonMembers(json: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  let depth = 0
  let start = 1
  let colon = -1
  let quoted = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (quoted) {
      if (c === '\\') i++
      else if (c === '"') quoted = false
      continue
    }
    if (c === '"') quoted = true
    else if (c === '{' || c === '[') depth++
    else if (c === ':' && depth === 1 && colon < 0) colon = i
    else if (c === '}' || c === ']') depth--
    if ((c === ',' && depth === 1) || (c === '}' && depth === 0)) {
      if (colon > 0) members.set(JSON.parse(json.slice(start, colon)) as string, json.slice(colon + 1, i))
      start = i + 1
      colon = -1
    }
  }
  return members
}
