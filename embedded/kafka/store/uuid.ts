import { randomBytes } from 'node:crypto'

/** Kafka's printed form: 22 characters of URL-safe base64. One with a leading dash would look like an option to its tools. */
export function newUuid(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A')
}
