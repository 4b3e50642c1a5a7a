import type { ErrorCode, Problem } from '@tops/protocol';

/** A problem on its way to a caller, with how long to wait where waiting helps. */
export interface Refusal {
  readonly kind: 'refused';
  readonly problem: Problem;
  readonly retryAfterMs?: number;
}

export function refuse(problem: Problem, retryAfterMs?: number): Refusal {
  return { kind: 'refused', problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

export function refuseWith(code: ErrorCode, detail: string, retryAfterMs?: number): Refusal {
  return refuse({ code, detail }, retryAfterMs);
}
