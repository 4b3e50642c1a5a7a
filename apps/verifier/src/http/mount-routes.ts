import express, { type Router } from 'express';
import { addressKey } from '../address-key.ts';
import type { VerifierMetrics } from '../metrics.ts';
import { answerRoute, type AnswerDeps, type AnswerOptions } from './answer-route.ts';
import type { Route } from './route.ts';
import { refuseMethod, sendReply } from './send-reply.ts';

export interface MountDeps extends AnswerDeps {
  readonly metrics: VerifierMetrics;
}

/** The routes on an Express router; a known path with another method is 405, an unknown path is left to the app. */
export function mountRoutes(
  routes: readonly Route[],
  options: AnswerOptions,
  deps: MountDeps,
): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const route of routes) {
    const path = expressPath(route.path);
    router[route.method](path, async (request, response) => {
      response.locals['route'] = route.path;
      const reply = await answerRoute(
        route,
        {
          request,
          pathParameters: request.params,
          search: request.url.split('?').slice(1).join('?'),
          address: addressKey(request.ip),
        },
        options,
        deps,
      );
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
