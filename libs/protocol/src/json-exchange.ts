import { concatBytes } from '@tops/crypto';
import { NetworkError } from './network-error.ts';
import { parseRetryAfter } from './retry-after.ts';
import { parseJson } from './strict-json.ts';

/** Longest answer read; the largest of the protocol, a page of workers, is a few hundred KiB. */
const maxResponseBytes = 2 ** 20;

/** One HTTP request and its whole answer. */
export interface JsonRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Sent as application/json when there is one. */
  readonly body?: unknown;
  /** Beside accept and content-type; may be secret. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface JsonAnswer {
  readonly status: number;
  readonly value: unknown;
  readonly retryAfterMs: number | undefined;
}

interface Dependencies {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/**
 * Sends a request and reads a JSON answer of any status, bounded in time and size. Redirects are not followed: a proof
 * goes to the verifier it was meant for.
 *
 * @throws NetworkError when no JSON answer came; the caller's own reason when `signal` was aborted.
 */
export async function exchangeJson(request: JsonRequest, deps: Dependencies): Promise<JsonAnswer> {
  const { signal, timeoutMs } = request;
  signal?.throwIfAborted();
  // Not AbortSignal.any over AbortSignal.timeout: their timers outlive a quick request, and a worker makes many of those
  // under one signal that lasts as long as the process.
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeoutMs);
  const stop = () => controller.abort();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await perform(request, controller.signal, deps);
  } catch (error) {
    // An answer that was read and found wanting stays what it is, whatever the clock did meanwhile.
    if (error instanceof NetworkError) throw error;
    signal?.throwIfAborted();
    if (timedOut) {
      const detail = `expected an answer within ${timeoutMs} ms, got none`;
      throw new NetworkError('timeout', detail, { cause: error });
    }
    throw new NetworkError('connect', 'expected a connection, got an error', { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function perform(
  request: JsonRequest,
  signal: AbortSignal,
  deps: Dependencies,
): Promise<JsonAnswer> {
  const { body } = request;
  const response = await deps.fetch(request.url, {
    method: request.method,
    // `manual` rather than `error`: fetch reports the latter as a failed connection, and the status would be lost.
    redirect: 'manual',
    signal,
    headers: {
      ...request.headers,
      accept: 'application/json, application/problem+json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { status } = response;
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), deps.now());
  const contentType = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  if (!/^application\/(?:problem\+)?json$/i.test(contentType.trim())) {
    // Frees the connection; that the peer hung up instead is no news any more.
    await response.body?.cancel().catch(() => undefined);
    const detail = `expected a JSON answer, got status ${status} without one`;
    throw new NetworkError('malformed_response', detail, { status, retryAfterMs });
  }
  const parsed = parseJson(await readBounded(response));
  if (parsed.ok) return { status, value: parsed.value, retryAfterMs };
  const detail = `expected a JSON answer: ${parsed.problem.detail}`;
  throw new NetworkError('malformed_response', detail, { status, retryAfterMs });
}

async function readBounded(response: Response): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatBytes(...parts);
    byteCount += value.length;
    if (byteCount > maxResponseBytes) {
      await reader.cancel().catch(() => undefined);
      const detail = `expected an answer of at most ${maxResponseBytes} bytes, got more`;
      throw new NetworkError('malformed_response', detail, { status: response.status });
    }
    parts.push(value);
  }
}
