import type { Response } from 'express';

/** An RFC 9457 problem: `code` is the stable word programs act on. Extension members ride along. */
export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  /** A URI reference that identifies the kind; about:blank by default (RFC 9457 §4.2.1). */
  readonly type?: string;
  readonly [extension: string]: unknown;
}

/** Answers with `application/problem+json`; does nothing once an answer has begun. */
export function sendProblem(response: Response, problem: ProblemBody): void {
  if (response.headersSent) return;
  response
    .status(problem.status)
    .type('application/problem+json')
    .set('Cache-Control', 'no-store')
    .send(JSON.stringify({ type: 'about:blank', ...problem }));
}
