const DIGESTS = ['MD5', 'SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA512/224', 'SHA512/256']
const SHA3 = ['SHA3-224', 'SHA3-256', 'SHA3-384', 'SHA3-512']

/** Java's names of the MACs by which workers may sign their requests (KIP-507). */
export const MAC_ALGORITHMS: readonly string[] = [...DIGESTS, ...SHA3].map((digest) => `Hmac${digest}`)

/** Node's name of the digest of one of them, in whatever case: `HmacSHA512/256` is HMAC with sha512-256. */
export function macDigest(algorithm: string): string {
  return algorithm.slice('Hmac'.length).toLowerCase().replace('/', '-')
}
