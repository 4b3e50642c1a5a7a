import { type ErrorCode, errorCodes, errorStatus } from './error-codes.ts';

/** Why a message was refused. A value, not an exception: refusing is the ordinary work of a verifier. */
export interface Problem {
  readonly code: ErrorCode;
  /** "expected X, got Y", printable ASCII; bytes of the caller in it are escaped and cut to 64 characters. */
  readonly detail: string;
  /** Path of the field at fault, such as `sizes.m` or `rows[3]`. */
  readonly field?: string;
  /** Index of the row at fault. */
  readonly row?: number;
}

/** The outcome of every parser here: a typed value, or the first problem found. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

const quotedCharacters = 64;

/**
 * Text of the caller made fit for a detail, a log line or a terminal: quoted, ASCII only, at most 64 characters of it.
 *
 * @param text - attacker-controlled.
 */
export function quoteUntrusted(text: string): string {
  const shown = JSON.stringify(text.slice(0, quotedCharacters)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > quotedCharacters ? `${shown}... (${text.length} characters)` : shown;
}

/** Body of an RFC 9457 answer; `status` is the word "rejected" for `row_mismatch`, as docs/protocol.md wants it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number | 'rejected';
  readonly detail: string;
  readonly code: ErrorCode;
  readonly field?: string;
  readonly row?: number;
}

/** The RFC 9457 §3 document of a problem. Nothing but the problem itself gets into it. */
export function problemDocument(problem: Problem): ProblemDocument {
  const { code, detail, field, row } = problem;
  return {
    type: `urn:tops-worker:error:${code}`,
    title: errorCodes[code].title,
    // A rejected proof is a verdict in problem form; RFC 9457 §3.1 has generic readers skip a member of another type.
    status: code === 'row_mismatch' ? 'rejected' : errorStatus[code],
    detail,
    code,
    ...(field === undefined ? {} : { field }),
    ...(row === undefined ? {} : { row }),
  };
}
