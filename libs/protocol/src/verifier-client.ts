import { type Bundle, encodeBundle } from './bundle.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { type EpochInfo, parseEpochInfo } from './epoch-info.ts';
import type { ErrorCode } from './error-codes.ts';
import { isJsonObject } from './fields.ts';
import { type JsonAnswer, type JsonRequest, exchangeJson } from './json-exchange.ts';
import { NetworkError } from './network-error.ts';
import type { Parsed } from './problem.ts';
import type { ProofMessage } from './proof.ts';
import type { Receipt } from './receipt.ts';
import {
  type AcceptedResponse,
  type VerifiedResponse,
  parseAcceptedResponse,
  parseVerifiedResponse,
} from './responses.ts';
import { JsonNumber } from './strict-json.ts';
import {
  type WorkerInfo,
  type WorkerPage,
  parseWorkerInfo,
  parseWorkerPage,
} from './worker-info.ts';

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

export interface VerifierClientOptions {
  /** http or https, with or without a path or a trailing slash; no user, query or fragment. */
  readonly baseUrl: string;
  /** For one whole exchange. */
  readonly timeoutMs: number;
}

interface VerifierClientDependencies {
  readonly fetch?: typeof fetch;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

type Reader<T> = (value: unknown) => Parsed<T>;

/**
 * The verifier's HTTP surface, typed. It sends once: retries, backoff and the circuit breaker are the caller's.
 *
 * Every method resolves to what the verifier said and throws {@link NetworkError} when it said nothing usable; when the
 * caller's signal is aborted, the signal's own reason is thrown.
 */
export class VerifierClient {
  readonly #baseUrl: string;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;

  /** @throws TypeError when `baseUrl` is not as {@link VerifierClientOptions} says. */
  constructor(options: VerifierClientOptions, deps: VerifierClientDependencies = {}) {
    this.#baseUrl = normaliseBaseUrl(options.baseUrl);
    this.#timeoutMs = options.timeoutMs;
    this.#fetch = deps.fetch ?? fetch;
    this.#now = deps.now ?? Date.now;
  }

  /** The current epoch and the verifier's limits. */
  getEpoch(signal?: AbortSignal): Promise<ClientResult<EpochInfo>> {
    return this.#exchange({ method: 'GET', path: '/v1/epoch', signal }, parseEpochInfo);
  }

  /** Commits to a receipt; sending the same one again gives the same challenge. */
  submitReceipt(receipt: Receipt, signal?: AbortSignal): Promise<ClientResult<Challenge>> {
    const request = { method: 'POST', path: '/v1/receipts', body: receipt, signal } as const;
    return this.#exchange(request, parseChallenge);
  }

  /** Answers a challenge; sending the same accepted proof again changes nothing. */
  submitProof(
    receiptId: string,
    proof: ProofMessage,
    signal?: AbortSignal,
  ): Promise<ClientResult<AcceptedResponse>> {
    const path = `/v1/receipts/${encodeURIComponent(receiptId)}/proof`;
    return this.#exchange({ method: 'POST', path, body: proof, signal }, parseAcceptedResponse);
  }

  /** One worker, by its did:key. */
  getWorker(did: string, signal?: AbortSignal): Promise<ClientResult<WorkerInfo>> {
    const path = `/v1/workers/${encodeURIComponent(did)}`;
    return this.#exchange({ method: 'GET', path, signal }, parseWorkerInfo);
  }

  /** A page of workers; `cursor` is the `next_cursor` of the page before. */
  listWorkers(
    page: { readonly cursor?: string; readonly limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<ClientResult<WorkerPage>> {
    const query = new URLSearchParams();
    if (page.cursor !== undefined) query.set('cursor', page.cursor);
    if (page.limit !== undefined) query.set('limit', String(page.limit));
    const path = query.size === 0 ? '/v1/workers' : `/v1/workers?${query}`;
    return this.#exchange({ method: 'GET', path, signal }, parseWorkerPage);
  }

  /** Has the verifier recompute the rows of a bundle. */
  verifyBundle(bundle: Bundle, signal?: AbortSignal): Promise<ClientResult<VerifiedResponse>> {
    const request = {
      method: 'POST',
      path: '/verify',
      body: encodeBundle(bundle),
      signal,
    } as const;
    return this.#exchange(request, parseVerifiedResponse);
  }

  async #exchange<T>(
    request: Omit<JsonRequest, 'url' | 'timeoutMs'> & { readonly path: string },
    read: Reader<T>,
  ): Promise<ClientResult<T>> {
    const { path, ...rest } = request;
    const answer = await exchangeJson(
      { ...rest, url: this.#baseUrl + path, timeoutMs: this.#timeoutMs },
      { fetch: this.#fetch, now: this.#now },
    );
    return answer.status === 200 || answer.status === 201
      ? readValue(answer, read)
      : readRefusal(answer);
  }
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

function normaliseBaseUrl(baseUrl: string): string {
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
