import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { addressKey } from '../address-key.ts';
import type { BoundedRateLimiter } from '../bounded-rate-limiter.ts';
import { sendReply } from '../http/send-reply.ts';
import type { VerifierMetrics } from '../metrics.ts';
import { refuseWith, type Refusal } from '../refusal.ts';

export interface BearerAuthDeps {
  /** Failures of one address. */
  readonly failureLimiter: BoundedRateLimiter;
  readonly metrics: VerifierMetrics;
}

/** RFC 6750 §2.1: the scheme in any case, one space, b64token; longer than any token here is not compared. */
const bearer = /^bearer ([\x21-\x7e]{1,1024})$/i;

/**
 * Lets through who sends `Authorization: Bearer <token>`, answers 401 to everyone else, and 429 to an address with too many
 * failures. The right token always opens: others on the operator's machine must not lock him out, and a token of 32
 * characters is not found by trying. Neither token is ever logged or echoed.
 */
export function requireBearer(
  options: { readonly token: string },
  deps: BearerAuthDeps,
): RequestHandler {
  const expected = digest(options.token);
  const { failureLimiter, metrics } = deps;
  return async (request, response, next) => {
    const given = bearer.exec(request.headers.authorization ?? '')?.[1];
    // Of equal length whatever was sent, and independent of where the texts differ.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    const waitMs = await failureLimiter.take(addressKey(request.socket.remoteAddress));
    const reason = given === undefined ? 'missing' : 'wrong';
    metrics.adminAuthFailures.inc({ reason: waitMs > 0 ? 'limited' : reason });
    if (waitMs === 0) response.setHeader('WWW-Authenticate', 'Bearer realm="tops admin"');
    await sendReply(response, waitMs > 0 ? tooManyFailures(waitMs) : unauthorized, metrics);
  };
}

const unauthorized = refuseWith(
  'unauthorized',
  'expected Authorization: Bearer and the token of this verifier, got another',
);

function tooManyFailures(waitMs: number): Refusal {
  return refuseWith('rate_limited', 'expected the token, got too many others before', waitMs);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
