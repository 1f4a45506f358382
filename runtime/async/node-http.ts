/**
 * Node's modules `http` and `https`. An import statement reads all exports of a built-in module, and with `http.WebSocket` Node loads the whole of undici,
 * which nobody here uses: 7 MB of a bare process, 2 MB of an idle worker.
 */
export const http = process.getBuiltinModule('node:http')
export const https = process.getBuiltinModule('node:https')
