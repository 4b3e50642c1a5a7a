import { type Bundle, encodeBundle } from './bundle.ts';
import { type ClientResult, normaliseBaseUrl, readResult } from './client-result.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { type EpochInfo, parseEpochInfo } from './epoch-info.ts';
import { type JsonRequest, exchangeJson } from './json-exchange.ts';
import type { Parsed } from './problem.ts';
import type { ProofMessage } from './proof.ts';
import type { Receipt } from './receipt.ts';
import {
  type AcceptedResponse,
  type VerifiedResponse,
  parseAcceptedResponse,
  parseVerifiedResponse,
} from './responses.ts';
import {
  type WorkerInfo,
  type WorkerPage,
  parseWorkerInfo,
  parseWorkerPage,
} from './worker-info.ts';

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

  /**
   * Any other reading route.
   *
   * @param path - from the base URL on, with its query.
   * @param parse - reads the answer's message.
   */
  read<T>(
    path: string,
    parse: (value: unknown) => Parsed<T>,
    signal?: AbortSignal,
  ): Promise<ClientResult<T>> {
    return this.#exchange({ method: 'GET', path, signal }, parse);
  }

  async #exchange<T>(
    request: Omit<JsonRequest, 'url' | 'timeoutMs'> & { readonly path: string },
    read: (value: unknown) => Parsed<T>,
  ): Promise<ClientResult<T>> {
    const { path, ...rest } = request;
    const answer = await exchangeJson(
      { ...rest, url: this.#baseUrl + path, timeoutMs: this.#timeoutMs },
      { fetch: this.#fetch, now: this.#now },
    );
    return readResult(answer, read);
  }
}
