import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import type { RestAnswer, RestExtension, RestExtensionContext, RestRequest } from '../api/rest-extension.ts'
import { parseProperties } from '../config/properties.ts'

/** The name that Kafka Connect's extension has in `rest.extension.classes`. */
export const BASIC_AUTH_CLASS = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'

/** Of ours: the file of users, where the reference needs a JAAS file that names it. */
const FILE_KEY = 'rest.basic.auth.file'
const JAAS_PROPERTY = 'java.security.auth.login.config'

/** Workers send these to one another, signed with the session key. */
const INTERNAL: readonly (readonly [method: string, path: RegExp])[] = [
  ['POST', /^\/?connectors\/([^/]+)\/tasks\/?$/],
  ['PUT', /^\/?connectors\/[^/]+\/fence\/?$/],
]

const REFUSAL: RestAnswer = { status: 401, body: 'User cannot access the resource.' }

/**
 * HTTP basic authentication against a properties file of `user=password`, read once. As with the reference's PropertyFileLoginModule, an empty
 * file lets everybody in.
 */
export class BasicAuthRestExtension implements RestExtension {
  readonly #users: ReadonlyMap<string, Buffer>

  constructor(props: Props) {
    const file = usersFile(props)
    try {
      const users = Object.entries(parseProperties(readFileSync(file, 'utf8')))
      this.#users = new Map(users.map(([user, password]) => [user, digest(password)]))
    } catch (cause) {
      throw new ConfigError(FILE_KEY, `the file of users ${file} cannot be read: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  register({ filter, logger }: RestExtensionContext): void {
    if (this.#users.size === 0) logger.warn('the file of users is empty: everybody may use the REST API')
    filter((request) => (isInternal(request) || this.#knows(request) ? undefined : REFUSAL))
  }

  #knows({ headers }: RestRequest): boolean {
    if (this.#users.size === 0) return true
    const { authorization } = headers
    const encoded = typeof authorization === 'string' ? /^basic (.*)$/i.exec(authorization)?.[1] : undefined
    if (encoded === undefined) return false
    const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? []
    const known = this.#users.get(user)
    return known !== undefined && timingSafeEqual(known, digest(password))
  }
}

function isInternal({ method, path }: RestRequest): boolean {
  return INTERNAL.some(([internal, pattern]) => method === internal && pattern.test(path))
}

/** Of equal length for all passwords, so that a comparison tells nothing about it. */
function digest(password: string): Buffer {
  return createHash('sha256').update(password).digest()
}

/** `rest.basic.auth.file`, or what the KafkaConnect entry of the JAAS file says that the JVM would be given by KAFKA_OPTS. */
function usersFile(props: Props): string {
  const own = props[FILE_KEY]?.trim()
  if (own !== undefined && own !== '') return own
  const jaas = props[JAAS_PROPERTY] ?? jaasOfOptions(process.env['KAFKA_OPTS'] ?? '')
  if (jaas === undefined)
    throw new ConfigError(
      FILE_KEY,
      `basic authentication needs a properties file of user=password: set ${FILE_KEY}, or ${JAAS_PROPERTY} to a JAAS file`,
    )
  return usersFileOf(readFileSync(jaas, 'utf8'), jaas)
}

function jaasOfOptions(options: string): string | undefined {
  return /-Djava\.security\.auth\.login\.config=("[^"]*"|\S+)/.exec(options)?.[1]?.replaceAll('"', '')
}

/** From `KafkaConnect { …PropertyFileLoginModule required file="…"; };` */
export function usersFileOf(jaas: string, location: string): string {
  const entry = /\bKafkaConnect\s*\{([^}]*)\}/.exec(jaas)?.[1]
  const [, loginModule, options = ''] =
    /([\w.$]+)\s+(?:required|requisite|sufficient|optional)\s*([^;]*);/i.exec(entry ?? '') ?? []
  if (loginModule === undefined) throw new ConfigError(JAAS_PROPERTY, `${location} has no entry KafkaConnect`)
  if (!loginModule.endsWith('PropertyFileLoginModule'))
    throw new ConfigError(
      JAAS_PROPERTY,
      `the login module ${loginModule} in ${location} is a Java class; only PropertyFileLoginModule is known here`,
    )
  const file = /\bfile\s*=\s*"([^"]*)"/.exec(options)?.[1]
  if (file === undefined)
    throw new ConfigError(JAAS_PROPERTY, `the entry KafkaConnect in ${location} names no file="…"`)
  return file
}
