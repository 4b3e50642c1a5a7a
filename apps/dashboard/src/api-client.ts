import {
  readEpoch,
  readEpochCredits,
  readEpochNow,
  readEpochs,
  readReceiptEvidence,
  readWorker,
  readWorkers,
  type Epoch,
  type EpochCredits,
  type EpochNow,
  type ReceiptEvidence,
  type Worker,
} from './api-model.ts';

const REQUEST_TIMEOUT_MS = 8000;
const WORKER_PAGE_SIZE = 200;
/** A fleet larger than this shows its first thousand; the page says so. */
const WORKER_PAGES_MAX = 5;
const EPOCH_PAGE_SIZE = 50;

/** The verifier answered, but not with what was asked for. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

export interface WorkerList {
  readonly workers: readonly Worker[];
  readonly complete: boolean;
}

/** The API the page was served from. Every call rejects with HttpError, or with what fetch rejects with. */
export class ApiClient {
  readonly #fetch: typeof fetch;
  readonly #nowMs: () => number;
  /** The verifier's clock less the browser's, from the Date header: ages and countdowns follow the verifier. */
  #clockOffsetMs = 0;

  constructor(deps: { fetch: typeof fetch; nowMs?: () => number }) {
    this.#fetch = deps.fetch;
    this.#nowMs = deps.nowMs ?? Date.now;
  }

  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  async epochNow(signal: AbortSignal): Promise<EpochNow> {
    return readEpochNow(await this.#get('/v1/epoch', signal));
  }

  async workers(signal: AbortSignal): Promise<WorkerList> {
    const workers: Worker[] = [];
    let next = '';
    for (let page = 0; page < WORKER_PAGES_MAX; page++) {
      const cursor = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const answer = await this.#get(`/v1/workers?limit=${WORKER_PAGE_SIZE}${cursor}`, signal);
      const read = readWorkers(answer);
      workers.push(...read.workers);
      if (read.next === '' || read.next === next) return { workers, complete: true };
      next = read.next;
    }
    return { workers, complete: false };
  }

  async worker(did: string, signal: AbortSignal): Promise<Worker> {
    return readWorker(await this.#get(`/v1/workers/${encodeURIComponent(did)}`, signal));
  }

  async epochs(
    before: number | undefined,
    signal: AbortSignal,
  ): Promise<{ epochs: readonly Epoch[]; nextBefore: number }> {
    const cursor = before === undefined ? '' : `&before=${before}`;
    return readEpochs(await this.#get(`/v1/epochs?limit=${EPOCH_PAGE_SIZE}${cursor}`, signal));
  }

  async epoch(epochId: number, signal: AbortSignal): Promise<Epoch> {
    return readEpoch(await this.#get(`/v1/epochs/${epochId}`, signal));
  }

  /** Every entry of a sealed epoch: large, and final, so it is asked for once. */
  async epochCredits(epochId: number, signal: AbortSignal): Promise<EpochCredits> {
    return readEpochCredits(await this.#get(`/v1/epochs/${epochId}/credits.json`, signal));
  }

  async receipt(receiptId: string, signal: AbortSignal): Promise<ReceiptEvidence> {
    const path = `/v1/receipts/${encodeURIComponent(receiptId)}`;
    return readReceiptEvidence(await this.#get(path, signal));
  }

  async #get(path: string, signal: AbortSignal): Promise<unknown> {
    const deadline = new AbortController();
    const abort = (): void => {
      deadline.abort(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => {
      deadline.abort(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`));
    }, REQUEST_TIMEOUT_MS);
    try {
      signal.throwIfAborted();
      const response = await this.#fetch(path, {
        signal: deadline.signal,
        headers: { accept: 'application/json' },
        cache: 'no-store',
      });
      const serverMs = Date.parse(response.headers.get('date') ?? '');
      // The header counts whole seconds, so a smaller difference is no difference.
      const offsetMs = serverMs - this.#nowMs();
      if (Number.isFinite(offsetMs)) this.#clockOffsetMs = Math.abs(offsetMs) > 2000 ? offsetMs : 0;
      if (!response.ok) throw new HttpError(response.status, `HTTP ${response.status}`);
      return await response.json();
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }
}
