import { hash } from 'node:crypto'
import { JksStore } from './jks-store.ts'
import type { KeyStore, StoredIdentity } from './key-store.ts'
import { Pkcs12Store } from './pkcs12-store.ts'

const REMEMBERED = 16
const opened = new Map<string, OpenedStore>()

/**
 * Opens a store, or answers the one that these bytes and this password opened before: keys are derived from passwords by up to 100,000
 * rounds, a second of CPU time, and each client of each task opens the same files.
 */
export function openStore(kind: 'PKCS12' | 'JKS', file: Buffer, password: string | undefined): KeyStore {
  const name = hash('sha256', JSON.stringify([hash('sha256', file), password ?? null]))
  const known = opened.get(name)
  if (known !== undefined) return known
  const store = new OpenedStore(kind === 'JKS' ? new JksStore(file, password) : new Pkcs12Store(file, password))
  if (opened.size >= REMEMBERED) opened.delete(opened.keys().next().value!)
  opened.set(name, store)
  return store
}

class OpenedStore implements KeyStore {
  readonly trusted: readonly string[]
  readonly #store: KeyStore
  readonly #identities = new Map<string | undefined, readonly StoredIdentity[]>()

  constructor(store: KeyStore) {
    this.trusted = store.trusted
    this.#store = store
  }

  identities(keyPassword: string | undefined): readonly StoredIdentity[] {
    const found = this.#identities.get(keyPassword) ?? this.#store.identities(keyPassword)
    this.#identities.set(keyPassword, found)
    return found
  }
}
