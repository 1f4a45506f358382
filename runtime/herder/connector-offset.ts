import type { SourceOffsetChange } from '../api/connector.ts'

/** An entry of `GET`, and of a change by `PATCH /connectors/{name}/offsets`, as the request has it. */
export type ConnectorOffset = SourceOffsetChange
