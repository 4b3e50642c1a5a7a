import express, { type Request, type Router } from 'express';
import type { Clock } from '../clock.ts';
import { addressKey } from '../address-key.ts';
import type { BoundedRateLimiter } from '../bounded-rate-limiter.ts';
import type { VerifierMetrics } from '../metrics.ts';
import { refuse, refuseWith } from '../refusal.ts';
import { SharedBudget } from '../shared-budget.ts';
import { readParameters } from './parameters.ts';
import { readJsonBody } from './read-body.ts';
import type { Reply, Route } from './route.ts';
import { refuseMethod, sendReply } from './send-reply.ts';

/** Room for 256 of the longest bodies at once, 32 of them from one address: a thousand ordinary ones. */
const BODY_BYTES = { max: 64 * 1024 * 1024, maxPerAddress: 8 * 1024 * 1024 };

export interface MountOptions {
  readonly bodyBytesMax: number;
}

export interface MountDeps {
  readonly addressLimiter: BoundedRateLimiter;
  readonly clock: Clock;
  readonly metrics: VerifierMetrics;
}

/** The routes on an Express router; a known path with another method is 405, an unknown path is left to the app. */
export function mountRoutes(
  routes: readonly Route[],
  options: MountOptions,
  deps: MountDeps,
): Router {
  const budget = new SharedBudget(BODY_BYTES);
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const route of routes) {
    const path = expressPath(route.path);
    router[route.method](path, async (request, response) => {
      response.locals['route'] = route.path;
      const reply = await answer(route, request, options, { ...deps, budget });
      if (reply !== undefined) await sendReply(response, reply, deps.metrics);
    });
  }
  for (const [path, allow] of allowedMethods(routes)) {
    router.all(expressPath(path), (request, response) => {
      response.locals['route'] = path;
      return refuseMethod(response, { allow, got: request.method }, deps.metrics);
    });
  }
  return router;
}

async function answer(
  route: Route,
  request: Request,
  options: MountOptions,
  deps: MountDeps & { readonly budget: SharedBudget },
): Promise<Reply | undefined> {
  const { clock } = deps;
  const search = request.url.split('?').slice(1).join('?');
  const parameters = readParameters(route, { path: request.params, search });
  if (!parameters.ok) return refuse(parameters.problem);
  const integer = (name: string): number | undefined => {
    const value = parameters.value.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const address = addressKey(request.ip);
  const extraPoints = route.extraPoints?.(integer) ?? 0;
  const waitMs = extraPoints === 0 ? 0 : await deps.addressLimiter.take(address, extraPoints);
  if (waitMs > 0) return refuseWith('rate_limited', 'expected fewer or smaller pages', waitMs);
  const body =
    route.method === 'post'
      ? await readJsonBody(request, { maxBytes: options.bodyBytesMax, address }, deps)
      : { kind: 'read' as const, bytes: new Uint8Array(), arrivedAtMs: clock.nowMs() };
  if (body.kind === 'gone') return undefined;
  if (body.kind === 'refused') return body;
  return route.handle({
    text: (name) => parameters.value.get(name)?.toString(),
    integer,
    bytes: body.bytes,
    arrivedAtMs: body.arrivedAtMs,
    address,
  });
}

/** Path → the value of its Allow header. Express answers HEAD wherever there is a GET. */
function allowedMethods(
  routes: readonly Pick<Route, 'path' | 'method'>[],
): ReadonlyMap<string, string> {
  const allowed = new Map<string, string>();
  for (const { path, method } of routes) {
    const methods = method === 'get' ? 'GET, HEAD' : 'POST';
    const known = allowed.get(path);
    allowed.set(path, known === undefined ? methods : `${known}, ${methods}`);
  }
  return allowed;
}

function expressPath(path: string): string {
  return path.replace(/\{([a-z_]+)\}/g, ':$1');
}
