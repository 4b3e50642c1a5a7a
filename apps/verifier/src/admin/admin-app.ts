import type { Logger } from '@tops/observability';
import express, { type ErrorRequestHandler } from 'express';
import helmet from 'helmet';
import { mountRoutes, type MountDeps } from '../http/mount-routes.ts';
import { refusalOf } from '../http/refusal-of.ts';
import type { Route } from '../http/route.ts';
import { sendReply } from '../http/send-reply.ts';
import { refuseWith } from '../refusal.ts';
import { requireBearer, type BearerAuthDeps } from './bearer-auth.ts';

export interface AdminAppDeps extends MountDeps, BearerAuthDeps {
  readonly routes: readonly Route[];
  readonly logger: Logger;
}

/** The longest act there is: 600 characters, each as an escaped pair of surrogates. */
const BODY_BYTES_MAX = 8192;

/**
 * The operators' surface, for a port of its own: nothing of it is on the public one. The token comes first, so that who lacks it
 * does not learn which paths there are.
 */
export function createAdminApp(options: { readonly token: string }, deps: AdminAppDeps) {
  const { metrics } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"] } },
      strictTransportSecurity: false,
    }),
  );
  app.use(requireBearer(options, deps));
  app.use(mountRoutes(deps.routes, { bodyBytesMax: BODY_BYTES_MAX }, deps));
  app.use((_request, response) =>
    sendReply(response, refuseWith('route_not_found', 'expected a path of docs/admin.md'), metrics),
  );
  app.use(handleErrors(deps));
  return app;
}

function handleErrors(deps: AdminAppDeps): ErrorRequestHandler {
  return async (error: unknown, _request, response, _next) => {
    const refusal = refusalOf(error, deps);
    if (response.headersSent) response.destroy();
    else await sendReply(response, refusal, deps.metrics);
  };
}
