import { Api } from '../api.ts'
import { array, int16, int32, int8, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_FindCoordinator */
export const FindCoordinator = new Api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexible: 3,
  request: { key: string({ to: 3 }), keyType: int8({ from: 1 }), coordinatorKeys: list(string, { from: 4 }) },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16({ to: 3 }),
    errorMessage: string({ from: 1, to: 3, nullable: 1 }),
    nodeId: int32({ to: 3 }),
    host: string({ to: 3 }),
    port: int32({ to: 3 }),
    coordinators: array(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 4 }),
      },
      { from: 4 },
    ),
  },
})
