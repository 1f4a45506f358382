const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g
const LINE = 64

export interface PemBlock {
  /** CERTIFICATE, PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY, ... */
  readonly label: string
  readonly text: string
}

/**
 * The PEM blocks of a text, whatever stands between them (keytool and openssl print the subject). Line breaks that were lost, as in
 * properties of one line, come back.
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([whole, label, body]) => {
    // headers as DEK-Info stand on lines of their own: such a block is in its form
    if (body!.includes(':')) return { label: label!, text: whole }
    const lines = body!.replace(/\s+/g, '').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
    return { label: label!, text: [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n') }
  })
}

export function pemCertificates(text: string): readonly string[] {
  return pemBlocks(text).flatMap(({ label, text: block }) => (label.endsWith('CERTIFICATE') ? [block] : []))
}

export function pemKey(text: string): string | undefined {
  return pemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'))?.text
}
