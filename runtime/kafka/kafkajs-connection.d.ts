/** One connection to a broker; kafkajs has types only for what its entry exports. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net'

  type Log = (message: string) => void

  export default class Connection {
    constructor(options: {
      readonly host: string
      readonly port: number
      readonly clientId: string
      readonly connectionTimeout: number
      readonly enforceRequestTimeout: boolean
      readonly logger: { namespace(namespace: string): Readonly<Record<'debug' | 'info' | 'warn' | 'error', Log>> }
      readonly socketFactory: (to: {
        readonly host: string
        readonly port: number
        readonly onConnect: () => void
      }) => Socket
    })
  }
}
