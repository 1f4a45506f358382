/** The little XML that S3 speaks: elements and text; no attributes besides the namespace, no mixed content. */
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** Arrays repeat their element; undefined leaves it out. */
export type XmlContent = string | number | boolean | undefined | XmlElement | readonly XmlContent[]
export interface XmlElement {
  readonly [name: string]: XmlContent
}

export function xmlDocument(root: string, content: XmlElement, namespace: string | undefined = NAMESPACE): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`
  return `${DECLARATION}<${root}${attribute}>${inner(content)}</${root}>`
}

/** Error documents carry no namespace. */
export function xmlError(content: XmlElement): string {
  return `${DECLARATION}<Error>${inner(content)}</Error>`
}

function inner(element: XmlElement): string {
  return Object.entries(element)
    .map(([name, content]) => render(name, content))
    .join('')
}

function render(name: string, content: XmlContent): string {
  if (content === undefined) return ''
  if (Array.isArray(content)) return (content as readonly XmlContent[]).map((item) => render(name, item)).join('')
  if (typeof content === 'object') return `<${name}>${inner(content as XmlElement)}</${name}>`
  return `<${name}>${escapeXml(String(content))}</${name}>`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (char) => ESCAPES[char] ?? char)
    .replace(/[\u0000-\u001f]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`)
}

/** Inner texts of all elements called `name`, in document order; nested elements of the same name do not occur in S3's requests. */
export function xmlElements(xml: string, name: string): readonly string[] {
  const pattern = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([\\s\\S]*?)</(?:\\w+:)?${name}\\s*>`, 'g')
  return Array.from(xml.matchAll(pattern), (match) => match[1] ?? '')
}

/** The unescaped text of the first element called `name`. */
export function xmlText(xml: string, name: string): string | undefined {
  const [first] = xmlElements(xml, name)
  return first === undefined ? undefined : unescapeXml(first.trim())
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (entity.startsWith('#x') || entity.startsWith('#X')) return String.fromCodePoint(parseInt(entity.slice(2), 16))
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)))
    return ENTITIES[entity] ?? whole
  })
}
