import type { ErrorCode } from '@tops/protocol';
import type { Refusal } from '../refusal.ts';
import type { RequestClass } from './admission.ts';

/** JSON Schema of a value in the path or the query; the router checks by it and /openapi.json shows it. */
export type ParameterSchema =
  | {
      readonly type: 'integer';
      readonly minimum: number;
      readonly maximum: number;
      readonly default?: number;
    }
  | { readonly type: 'string'; readonly pattern: string };

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly schema: ParameterSchema;
}

/** What a handler gets: parameters already checked by their schema, the body whole but not parsed. */
export interface RouteRequest {
  text(name: string): string | undefined;
  integer(name: string): number | undefined;
  /** Attacker-controlled; empty for GET. */
  readonly bytes: Uint8Array;
  /** When the last byte of the request was read, unix milliseconds. */
  readonly arrivedAtMs: number;
  /** The caller's address as limits count it. */
  readonly address: string;
}

export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | {
      readonly kind: 'stream';
      readonly contentType: string;
      readonly fileName: string;
      readonly chunks: AsyncIterable<string>;
      /** Called once the stream is over, also when it was never read. */
      readonly release: () => void;
    }
  | Refusal;

/** How /openapi.json describes a route. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'work' | 'reading' | 'operations';
  readonly parameters?: readonly Parameter[];
  /** Name of the request body's schema. */
  readonly request?: string;
  /** Status → what it carries: the name of a schema, or another media type. */
  readonly success: Readonly<
    Record<number, { description: string; schema?: string; mediaType?: string }>
  >;
  /** Codes beyond those any route may answer. */
  readonly problems: readonly ErrorCode[];
}

export interface Route {
  readonly method: 'get' | 'post';
  /** OpenAPI style: /v1/receipts/{receipt_id}. */
  readonly path: string;
  readonly operation: Operation;
  /** What the request takes from the rate of its address, beyond the one point of every request. */
  readonly extraPoints?: (integer: RouteRequest['integer']) => number;
  /** Bounds how many are under way, and takes the short way past the router; see Admission. */
  readonly requestClass?: RequestClass;
  readonly handle: (request: RouteRequest) => Promise<Reply> | Reply;
}

export function json(body: unknown, status = 200): Reply {
  return { kind: 'json', status, body };
}
