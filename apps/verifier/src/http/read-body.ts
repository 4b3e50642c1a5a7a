import type { IncomingMessage } from 'node:http';
import type { Problem } from '@tops/protocol';
import type { Clock } from '../clock.ts';
import { refuse, refuseWith, type Refusal } from '../refusal.ts';
import type { SharedBudget } from '../shared-budget.ts';

export type BodyResult =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly arrivedAtMs: number }
  | Refusal
  /** The connection ended first: there is nobody to answer. */
  | { readonly kind: 'gone' };

/** Surplus bytes thrown away before the connection is cut; a client that only sent a little too much hears why. */
const SURPLUS_BYTES_MAX = 4 * 1024 * 1024;

/** RFC 9110 §8.3: a parameter is optional white space, name=value; UTF-8 is the only charset JSON has (RFC 8259 §8.1). */
const jsonMediaType = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

export interface BodyDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Bytes of bodies in memory at the same time: many slow uploads together must not exhaust it. */
  readonly budget: SharedBudget;
}

export interface BodyOptions {
  readonly maxBytes: number;
  /** Whose share of the budget it counts against. */
  readonly address: string;
}

/**
 * Reads a JSON body as bytes, bounded; parsing is the caller's. Compression is refused, so that bytes received bound
 * the memory used.
 *
 * @returns the bytes, or `content_type_unsupported`, `content_encoding_unsupported`, `body_too_large`, `overloaded`.
 */
export function readJsonBody(
  request: IncomingMessage,
  options: BodyOptions,
  deps: BodyDeps,
): Promise<BodyResult> {
  const problem = headerProblem(request, options.maxBytes);
  if (problem !== undefined) {
    discardRest(request);
    return Promise.resolve(refuse(problem));
  }
  return collect(request, options, deps);
}

function headerProblem(request: IncomingMessage, maxBytes: number): Problem | undefined {
  const { headers } = request;
  if (!jsonMediaType.test(headers['content-type'] ?? '')) {
    return {
      code: 'content_type_unsupported',
      detail: `expected content-type application/json, got ${headers['content-type'] === undefined ? 'none' : 'another'}`,
    };
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return {
      code: 'content_encoding_unsupported',
      detail: 'expected an uncompressed body, got a content-encoding',
    };
  }
  const announced = Number(headers['content-length'] ?? 0);
  return announced > maxBytes ? tooLarge(maxBytes) : undefined;
}

function collect(
  request: IncomingMessage,
  { maxBytes, address }: BodyOptions,
  { clock, budget }: BodyDeps,
): Promise<BodyResult> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let byteCount = 0;
    const finish = (result: BodyResult): void => {
      budget.give(address, byteCount);
      byteCount = 0;
      resolve(result);
    };
    const giveUp = (refusal: Refusal): void => {
      request.off('data', onData);
      discardRest(request);
      finish(refusal);
    };
    const onData = (part: Buffer): void => {
      if (byteCount + part.length > maxBytes) {
        giveUp(refuse(tooLarge(maxBytes)));
      } else if (!budget.take(address, part.length)) {
        giveUp(refuseWith('overloaded', 'expected room for the body, got none', 1000));
      } else {
        byteCount += part.length;
        parts.push(part);
      }
    };
    request.on('data', onData);
    request.once('end', () => {
      finish({ kind: 'read', bytes: joined(parts), arrivedAtMs: clock.nowMs() });
    });
    // `close` follows every end too: by then the promise is settled.
    for (const event of ['error', 'close']) {
      request.once(event, () => {
        finish({ kind: 'gone' });
      });
    }
  });
}

/** An ordinary body comes in one part, which is then nobody else's. */
function joined(parts: readonly Buffer[]): Uint8Array {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}

function discardRest(request: IncomingMessage): void {
  let byteCount = 0;
  request.on('error', () => undefined);
  request.on('data', (part: Buffer) => {
    byteCount += part.length;
    if (byteCount > SURPLUS_BYTES_MAX) request.destroy();
  });
}

function tooLarge(maxBytes: number): Problem {
  return { code: 'body_too_large', detail: `expected at most ${maxBytes} bytes, got more` };
}
