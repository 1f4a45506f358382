import type { Request } from 'express'
import type { Herder } from '../herder/herder.ts'
import type { SchemaName } from './openapi-schemas.ts'

/** What a route answers. No body: the answer is empty. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  /** Instead of a JSON body; `headers` say what it is. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as routes see it. */
export interface Call {
  /** Not to be asked by a route that is `early`. */
  readonly herder: Herder
  readonly request: Request
  /** Raw, as sent: signatures are over these bytes. */
  readonly body: Buffer
  /** Aborts when the time for this request is over. */
  readonly signal: AbortSignal
  /** Decoded once. */
  param(name: string): string
}

export type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** One operation: what serves it, and what the OpenAPI document says of it. */
export interface Route {
  readonly verb: Verb
  /** `/connectors/:connector` */
  readonly path: string
  /** A sentence without a full stop. */
  readonly summary: string
  readonly handle: (call: Call) => Promise<Answer> | Answer
  /** Answered also before the worker has read its topics: does not touch the herder. */
  readonly early?: boolean
  /** Looks itself at the media types that the caller accepts. */
  readonly anyType?: boolean
  /** Sent by workers: forwarded with a signature. */
  readonly internal?: boolean
  /** Query parameters and what they do. */
  readonly query?: Readonly<Record<string, string>>
  /** Of the JSON body that it takes. */
  readonly body?: SchemaName
  /** By status; `null`: no body. Errors that every route can answer are left out. */
  readonly answers: Readonly<Record<number, SchemaName | null>>
}

export function ok(body: unknown): Answer {
  return { status: 200, body }
}
