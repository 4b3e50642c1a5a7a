import type { ErrorCode } from './error-codes.ts';
import { isJsonObject } from './fields.ts';
import type { JsonAnswer } from './json-exchange.ts';
import { NetworkError } from './network-error.ts';
import type { Parsed } from './problem.ts';
import { JsonNumber } from './strict-json.ts';

/** A refusal as it came over the wire: the code may be one this version does not know yet. */
export interface ResponseProblem {
  readonly code: ErrorCode | (string & {});
  /** Printable ASCII, at most 512 characters; the verifier's words. */
  readonly detail: string;
  readonly field?: string;
  readonly row?: number;
}

/** What the verifier said: a value, or its refusal. */
export type ClientResult<T> =
  | { readonly ok: true; readonly status: number; readonly value: T }
  | {
      readonly ok: false;
      readonly status: number;
      readonly problem: ResponseProblem;
      /** From Retry-After, when the answer had one; at most an hour. */
      readonly retryAfterMs?: number;
    };

type Reader<T> = (value: unknown) => Parsed<T>;

/** @throws NetworkError when the answer is neither a value that `read` takes nor a problem with a code. */
export function readResult<T>(answer: JsonAnswer, read: Reader<T>): ClientResult<T> {
  return answer.status === 200 || answer.status === 201
    ? readValue(answer, read)
    : readRefusal(answer);
}

function readValue<T>(answer: JsonAnswer, read: Reader<T>): ClientResult<T> {
  const { status } = answer;
  const parsed = read(answer.value);
  if (parsed.ok) return { ok: true, status, value: parsed.value };
  throw new NetworkError('malformed_response', parsed.problem.detail, { status });
}

function readRefusal(answer: JsonAnswer): ClientResult<never> {
  const { status, value, retryAfterMs } = answer;
  const code = isJsonObject(value) ? value['code'] : undefined;
  if (!isJsonObject(value) || typeof code !== 'string' || !/^[a-z][a-z0-9_]{0,63}$/.test(code)) {
    const detail = `expected a problem with a code, got status ${status} without one`;
    throw new NetworkError('malformed_response', detail, { status, retryAfterMs });
  }
  const { detail, field, row } = value;
  const problem: ResponseProblem = {
    code,
    detail: typeof detail === 'string' ? printable(detail, 512) : '',
    ...(typeof field === 'string' ? { field: printable(field, 128) } : {}),
    ...(row instanceof JsonNumber && /^[0-9]{1,15}$/.test(row.source)
      ? { row: Number(row.source) }
      : {}),
  };
  return { ok: false, status, problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** What a peer sends ends up in logs and on terminals. */
function printable(text: string, maxCharacters: number): string {
  return text.slice(0, maxCharacters).replace(/[^\x20-\x7e]/g, '?');
}

/** @throws TypeError when it is not http or https, or has a user, a query or a fragment. */
export function normaliseBaseUrl(baseUrl: string): string {
  const refuse = (expected: string) =>
    // Not echoed: a wrong address may hold a password.
    new TypeError(`expected the verifier's base URL ${expected}`);
  if (!URL.canParse(baseUrl)) throw refuse('as http://host[:port][/path]');
  const url = new URL(baseUrl);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('with http or https');
  if (url.username !== '' || url.password !== '') throw refuse('without user and password');
  if (url.search !== '' || url.hash !== '') throw refuse('without query and fragment');
  return url.origin + url.pathname.replace(/\/+$/, '');
}
