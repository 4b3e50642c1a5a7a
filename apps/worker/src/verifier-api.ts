import {
  NetworkError,
  type AcceptedResponse,
  type Challenge,
  type ClientResult,
  type EpochInfo,
  type ProofMessage,
  type Receipt,
  type WorkerInfo,
} from '@tops/protocol';
import { fullJitterMs, type BackoffOptions } from './backoff.ts';
import { isBrokenCircuit, VerifierDownError, type VerifierCircuit } from './circuit.ts';
import type { Pacer } from './pacer.ts';
import type { Timing } from './timing.ts';
import type { TokenBucket } from './token-bucket.ts';
import type { VerifierClock } from './verifier-clock.ts';

/** The part of VerifierClient the worker uses. */
export interface VerifierTransport {
  getEpoch(signal?: AbortSignal): Promise<ClientResult<EpochInfo>>;
  submitReceipt(receipt: Receipt, signal?: AbortSignal): Promise<ClientResult<Challenge>>;
  submitProof(
    receiptId: string,
    proof: ProofMessage,
    signal?: AbortSignal,
  ): Promise<ClientResult<AcceptedResponse>>;
  getWorker(did: string, signal?: AbortSignal): Promise<ClientResult<WorkerInfo>>;
}

/**
 * Why a call brought no value. `refused`: the verifier's final word (4xx). `busy`: it asks for patience (429, overload).
 * `down`: no usable answer (network, 5xx, circuit open). Only the last two are tried again.
 */
export interface CallFailure {
  readonly ok: false;
  readonly kind: 'refused' | 'busy' | 'down';
  readonly code: string;
  readonly detail: string;
  readonly row?: number;
  readonly retryAfterMs?: number;
}
export type CallResult<T> = { readonly ok: true; readonly value: T } | CallFailure;

export interface CallBounds {
  readonly signal: AbortSignal;
  /** By the verifier's clock: no further try starts at or after it. The first one is made in any case. */
  readonly untilMs: number;
}

export interface VerifierApiOptions {
  /** Further tries after the first, of a receipt; a proof is tried until its deadline, its work being already spent. */
  readonly maxRetries: number;
  readonly backoff: BackoffOptions;
}

export interface VerifierApiDeps {
  readonly transport: VerifierTransport;
  readonly circuit: VerifierCircuit;
  readonly bucket: TokenBucket;
  readonly pacer: Pacer;
  readonly clock: VerifierClock;
  readonly timing: Timing;
  /** Hears of every failed try, the ones that a later try makes good included. */
  readonly onError: (failure: CallFailure) => void;
}

/** Codes that mean "later", whatever status they come with. */
const busyCodes: ReadonlySet<string> = new Set([
  'rate_limited',
  'too_many_open_challenges',
  'overloaded',
]);
/** How often a waiting call looks whether the circuit has closed: a local check, nothing is sent. */
const circuitPollMs = 100;

/** Rate limit, circuit breaker and retries round the verifier's HTTP surface. */
export class VerifierApi {
  readonly #options: VerifierApiOptions;
  readonly #deps: VerifierApiDeps;

  constructor(options: VerifierApiOptions, deps: VerifierApiDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** One try; the caller polls anyway. It is also what probes an open circuit. */
  async getEpoch(signal: AbortSignal): Promise<CallResult<EpochInfo>> {
    return await this.#tryOnce(() => this.#deps.transport.getEpoch(signal), signal);
  }

  /** One try, and none while the circuit is open: the figure is only shown. */
  async getWorker(did: string, signal: AbortSignal): Promise<CallResult<WorkerInfo>> {
    if (!this.#deps.circuit.isClosed) return circuitOpen;
    return await this.#tryOnce(() => this.#deps.transport.getWorker(did, signal), signal);
  }

  /** Posting the same receipt again is safe: the verifier answers with the same challenge. */
  async submitReceipt(receipt: Receipt, bounds: CallBounds): Promise<CallResult<Challenge>> {
    const request = () => this.#deps.transport.submitReceipt(receipt, bounds.signal);
    return await this.#withRetries(request, bounds, {
      maxRetries: this.#options.maxRetries,
      waitsForPacer: true,
    });
  }

  async submitProof(
    input: { readonly receiptId: string; readonly proof: ProofMessage },
    bounds: CallBounds,
  ): Promise<CallResult<AcceptedResponse>> {
    const { receiptId, proof } = input;
    const request = () => this.#deps.transport.submitProof(receiptId, proof, bounds.signal);
    return await this.#withRetries(request, bounds, {
      maxRetries: Number.POSITIVE_INFINITY,
      waitsForPacer: false,
    });
  }

  async #withRetries<T>(
    request: () => Promise<ClientResult<T>>,
    bounds: CallBounds,
    policy: { readonly maxRetries: number; readonly waitsForPacer: boolean },
  ): Promise<CallResult<T>> {
    const { circuit, clock, pacer, timing } = this.#deps;
    let last: CallFailure = circuitOpen;
    let retryCount = 0;
    for (;;) {
      if (policy.waitsForPacer) await pacer.wait(bounds.signal);
      while (!circuit.isClosed) {
        if (clock.nowMs() >= bounds.untilMs) return last;
        await timing.sleep(circuitPollMs, bounds.signal);
      }
      if (retryCount > 0 && clock.nowMs() >= bounds.untilMs) return last;
      const result = await this.#tryOnce(request, bounds.signal);
      if (result.ok || result.kind === 'refused') return result;
      last = result;
      // Found the circuit open after all: nothing was sent, so it is no try.
      if (result === circuitOpen) continue;
      const waitMs = this.#retryDelayMs(result, retryCount);
      if (result.kind === 'busy') pacer.pause(waitMs);
      if (retryCount >= policy.maxRetries) return last;
      retryCount++;
      if (clock.nowMs() + waitMs >= bounds.untilMs) return last;
      await timing.sleep(waitMs, bounds.signal);
    }
  }

  /** Retry-After is a floor: everybody told the same number of seconds must not come back in the same instant. */
  #retryDelayMs(failure: CallFailure, retryCount: number): number {
    const jitterMs = fullJitterMs(this.#options.backoff, retryCount, this.#deps.timing.random());
    return (failure.retryAfterMs ?? 0) + jitterMs;
  }

  async #tryOnce<T>(
    request: () => Promise<ClientResult<T>>,
    signal: AbortSignal,
  ): Promise<CallResult<T>> {
    const { bucket, circuit, onError } = this.#deps;
    await bucket.take(signal);
    let result: CallResult<T> | undefined;
    try {
      await circuit.run(async () => {
        result = await settle(request);
        if (!result.ok && result.kind === 'down') throw new VerifierDownError(result.detail);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (isBrokenCircuit(error)) return circuitOpen;
      if (!(error instanceof VerifierDownError)) throw error;
    }
    signal.throwIfAborted();
    if (result === undefined) return circuitOpen;
    if (!result.ok) onError(result);
    return result;
  }
}

/** What a call meets while the circuit is open; compared by identity, for nothing was sent. */
export const circuitOpen: CallFailure = {
  ok: false,
  kind: 'down',
  code: 'circuit_open',
  detail: 'the circuit breaker is open: nothing is sent until the verifier answers again',
};

/** One answer, or the lack of one, as a value. @throws only what is neither: an abort, a bug. */
async function settle<T>(request: () => Promise<ClientResult<T>>): Promise<CallResult<T>> {
  try {
    const answer = await request();
    if (answer.ok) return { ok: true, value: answer.value };
    const { code, detail, row } = answer.problem;
    return {
      ok: false,
      kind: failureKind(answer.status, code),
      code,
      detail,
      ...(row === undefined ? {} : { row }),
      ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
    };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const { code, message, retryAfterMs, status } = error;
    return {
      ok: false,
      kind: status === 429 ? 'busy' : 'down',
      code: `network_${code}`,
      detail: message,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
}

function failureKind(status: number, code: string): CallFailure['kind'] {
  if (status === 429 || busyCodes.has(code)) return 'busy';
  return status >= 500 ? 'down' : 'refused';
}
