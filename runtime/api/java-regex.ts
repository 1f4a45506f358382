/** POSIX and Java classes that JavaScript does not know by these names. */
const CLASSES: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: '\\s',
}

/**
 * A regular expression in Java's syntax, as configs carry them. Translated: `\Q…\E`, leading inline flags such as `(?i)`, `\A \Z \z`, `\h`,
 * POSIX classes such as `\p{Alnum}`, `(?>` and possessive quantifiers (as greedy ones). Throws SyntaxError when it is invalid.
 */
export function javaRegex(pattern: string, flags = ''): RegExp {
  const inline = /^\(\?([imsux]+)\)/.exec(pattern)
  const given = inline === null ? '' : inline[1]!.replace(/[ux]/g, '')
  let brackets = 0
  const body = (inline === null ? pattern : pattern.slice(inline[0].length))
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .replace(/\\(?:p\{(\w+)\}|P\{(\w+)\}|[\s\S])|[[\]]/g, (text, of?: string, not?: string) => {
      if (text === '[') brackets++
      else if (text === ']') brackets--
      return translated(text, of, not, brackets > 0)
    })
    .replace(/\(\?>/g, '(?:')
    .replace(/((?:^|[^\\])[*+?}])\+/g, '$1')
  return new RegExp(body, [...new Set(flags + given)].join(''))
}

function translated(text: string, of: string | undefined, not: string | undefined, inBrackets: boolean): string {
  if (of !== undefined && CLASSES[of] !== undefined) return inBrackets ? CLASSES[of] : `[${CLASSES[of]}]`
  if (not !== undefined && CLASSES[not] !== undefined) return `[^${CLASSES[not]}]`
  switch (text) {
    case '\\A':
      return '^'
    case '\\Z':
    case '\\z':
      return '$'
    case '\\h':
      return '[ \\t]'
    default:
      return text
  }
}

/** java.util.regex.Matcher#matches: the pattern must fit the whole text. */
export function javaFullMatch(pattern: string, flags = ''): RegExp {
  const { source, flags: all } = javaRegex(pattern, flags)
  return new RegExp(`^(?:${source})$`, all)
}
