/**
 * Node's modules `http` and `https`. An import statement reads all exports of a built-in module, and with `http.WebSocket` Node loads the whole of undici:
 * 7 MB of memory in each thread that nobody uses. Asked for like this, it stays where it is.
 */
export const http = process.getBuiltinModule('node:http')
export const https = process.getBuiltinModule('node:https')
