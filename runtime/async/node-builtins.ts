import type * as Https from 'node:https'
import type * as Tls from 'node:tls'

/**
 * Node's module `http`. An import statement reads all exports of a built-in module, and with `http.WebSocket` Node loads the whole of undici,
 * which nobody here uses: 7 MB of a bare process, 2 MB of an idle worker.
 */
export const http = process.getBuiltinModule('node:http')

/** A function: `https` loads `tls`, and a worker without TLS that does not load it needs some 4 MB less. */
export function https(): typeof Https {
  return process.getBuiltinModule('node:https')
}

/** For those who may never open a TLS connection, as above. */
export function tls(): typeof Tls {
  return process.getBuiltinModule('node:tls')
}
