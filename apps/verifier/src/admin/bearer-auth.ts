import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { addressKey } from '../address-key.ts';
import type { BoundedRateLimiter } from '../bounded-rate-limiter.ts';
import { sendReply } from '../http/send-reply.ts';
import type { VerifierMetrics } from '../metrics.ts';
import { refuseWith, type Refusal } from '../refusal.ts';

export interface BearerAuthDeps {
  /** Failures of one address; while it has too many, the token is not even looked at. */
  readonly failureLimiter: BoundedRateLimiter;
  readonly metrics: VerifierMetrics;
}

/** RFC 6750 §2.1: the scheme in any case, one space, b64token; longer than any token here is not compared. */
const bearer = /^bearer ([\x21-\x7e]{1,1024})$/i;

/**
 * Lets through who sends `Authorization: Bearer <token>`, answers 401 to everyone else, and 429 to an address with too many
 * failures, whatever it sends then. Neither token is ever logged or echoed.
 */
export function requireBearer(
  options: { readonly token: string },
  deps: BearerAuthDeps,
): RequestHandler {
  const expected = digest(options.token);
  const { failureLimiter, metrics } = deps;
  return async (request, response, next) => {
    const address = addressKey(request.socket.remoteAddress);
    const waitMs = await failureLimiter.peek(address);
    if (waitMs > 0) {
      metrics.adminAuthFailures.inc({ reason: 'limited' });
      await sendReply(response, tooManyFailures(waitMs), metrics);
      return;
    }
    const given = bearer.exec(request.headers.authorization ?? '')?.[1];
    // Of equal length whatever was sent, and independent of where the texts differ.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    metrics.adminAuthFailures.inc({ reason: given === undefined ? 'missing' : 'wrong' });
    // Those that came at the same moment were all let through to the comparison: here they are counted one by one.
    const surplusMs = await failureLimiter.take(address);
    if (surplusMs === 0) response.setHeader('WWW-Authenticate', 'Bearer realm="tops admin"');
    const refusal = surplusMs > 0 ? tooManyFailures(surplusMs) : unauthorized;
    await sendReply(response, refusal, metrics);
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
