import { ConfigError } from '../../api/errors.ts'

export interface JaasEntry {
  readonly loginModule: string
  readonly options: Readonly<Record<string, string>>
}

const KEY = 'sasl.jaas.config'

/**
 * Parses `sasl.jaas.config`: `module flag key="value" …;` (org.apache.kafka.common.security.JaasConfig). Values may be quoted with " or ' and
 * hold \-escapes. Throws ConfigError that tells the place and never the text: it holds passwords.
 */
export function parseJaasConfig(text: string): JaasEntry {
  const tokens = tokenize(text)
  const loginModule = tokens.shift()
  const flag = tokens.shift()?.toLowerCase()
  if (loginModule === undefined || flag === undefined)
    throw new ConfigError(KEY, 'it must be: LOGIN_MODULE required OPTION="VALUE" ...;')
  if (!['required', 'requisite', 'sufficient', 'optional'].includes(flag))
    throw new ConfigError(KEY, 'the second word must be required, requisite, sufficient or optional')
  const options: Record<string, string> = {}
  for (;;) {
    const name = tokens.shift()
    if (name === ';') break
    if (name === undefined) throw new ConfigError(KEY, "it must end with ';'")
    const [equals, value] = [tokens.shift(), tokens.shift()]
    if (equals !== '=' || value === undefined || value === ';')
      throw new ConfigError(KEY, `option ${name} has no value: it must be ${name}="VALUE"`)
    options[name] = value
  }
  if (tokens.length > 0) throw new ConfigError(KEY, "there must be one login module only, and nothing behind its ';'")
  return { loginModule, options }
}

function tokenize(text: string): string[] {
  const tokens: string[] = []
  const pattern = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|([=;])|([^\s=;"']+))/y
  let at = 0
  while (text.slice(at).trim() !== '') {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) throw new ConfigError(KEY, `an unfinished quote at character ${at + 1}`)
    const quoted = match[1] ?? match[2]
    tokens.push(quoted === undefined ? (match[3] ?? match[4]!) : unescape(quoted))
    at = pattern.lastIndex
  }
  return tokens
}

/** As java.io.StreamTokenizer reads quoted strings. */
function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  return text.replace(/\\([\s\S])/g, (_, letter: string) => named[letter] ?? letter)
}
