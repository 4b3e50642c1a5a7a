/**
 * - `connect`: no connection, or it was lost before the answer was complete;
 * - `timeout`: no complete answer in time;
 * - `malformed_response`: an answer, but not one of the protocol (a proxy's page, a body over the bound, wrong JSON).
 */
export type NetworkErrorCode = 'connect' | 'timeout' | 'malformed_response';

/** No usable answer came. Whether the request was carried out is unknown; every write is idempotent, so ask again. */
export class NetworkError extends Error {
  readonly code: NetworkErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** From Retry-After, when the answer had one. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: NetworkErrorCode,
    detail: string,
    context: { cause?: unknown; status?: number; retryAfterMs?: number | undefined } = {},
  ) {
    super(detail, { cause: context.cause });
    this.name = 'NetworkError';
    this.code = code;
    this.status = context.status;
    this.retryAfterMs = context.retryAfterMs;
  }
}
