import { createOpsRouter, type Logger, type Readiness } from '@tops/observability';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { addressKey } from './address-key.ts';
import type { BoundedRateLimiter } from './bounded-rate-limiter.ts';
import type { Clock } from './clock.ts';
import type { Admission } from './http/admission.ts';
import {
  createFrontDoor,
  isMissingHost,
  missingHostRefusal,
  rateLimited,
} from './http/front-door.ts';
import { mountRoutes } from './http/mount-routes.ts';
import { refusalOf } from './http/refusal-of.ts';
import type { Route } from './http/route.ts';
import { refuseMethod, sendReply, type FlatHeaders } from './http/send-reply.ts';
import type { RouteLabel, VerifierMetrics } from './metrics.ts';
import { refuseWith } from './refusal.ts';
import type { SharedBudget } from './shared-budget.ts';
import { serveDashboard } from './routes/dashboard.ts';

export interface AppOptions {
  readonly trustProxyHops: number;
  readonly requestsPerSecondPerAddress: number;
  readonly bodyBytesMax: number;
  readonly dashboardDir: string;
  readonly metricsEnabled: boolean;
}

export interface AppDeps {
  readonly routes: readonly Route[];
  readonly addressLimiter: BoundedRateLimiter;
  readonly admission: Admission;
  readonly bodyBudget: SharedBudget;
  readonly readiness: Readiness;
  readonly registry: Registry;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Probes come from the same address as a flood when a proxy stands in front: they are never limited. */
const probePaths: ReadonlySet<string> = new Set(['/health', '/ready']);

/** The HTTP surface of docs/protocol.md: the front door, and behind it an Express app. It listens nowhere by itself. */
export function createApp(options: AppOptions, deps: AppDeps): RequestListener {
  const helmetHeaders = securityHeaders();
  return createFrontDoor(
    deps.routes,
    { ...options, securityHeaders: headersOf(helmetHeaders) },
    {
      ...deps,
      app: createExpressApp(options, deps, helmetHeaders),
      observe: (response, routeOf) => {
        observeAnswer(response, routeOf, deps);
      },
      refusalOf: (error) => refusalOf(error, deps),
    },
  );
}

function createExpressApp(options: AppOptions, deps: AppDeps, helmetHeaders: RequestHandler) {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('trust proxy', options.trustProxyHops === 0 ? false : options.trustProxyHops);
  app.use(observe(deps));
  app.use(helmetHeaders);
  app.use(limitAddresses(options, deps));
  app.use(requireHost(deps));
  app.use(mountRoutes(deps.routes, options, deps));
  app.use(operations(options, deps));
  app.use(serveDashboard(options.dashboardDir, deps.metrics));
  app.use((_request, response) =>
    sendReply(
      response,
      refuseWith('route_not_found', 'expected a path of /openapi.json'),
      deps.metrics,
    ),
  );
  app.use(handleErrors(deps));
  return app;
}

function observe(deps: AppDeps): RequestHandler {
  return (_request, response, next) => {
    observeAnswer(response, () => String(response.locals['route'] ?? 'other'), deps);
    next();
  };
}

function observeAnswer(
  response: ServerResponse,
  routeOf: () => string,
  { metrics }: Pick<AppDeps, 'metrics'>,
): void {
  const startedAt = performance.now();
  response.once('finish', () => {
    const seconds = (performance.now() - startedAt) / 1000;
    metrics.requests.inc({ status: String(response.statusCode) as 'other' });
    metrics.requestSeconds.observe(seconds, { route: routeOf() as RouteLabel });
  });
}

/** What helmet would set on an answer: the same on each, so asked once. */
function headersOf(helmetHeaders: RequestHandler): FlatHeaders {
  const headers: string[] = [];
  const recorder = {
    setHeader: (name: string, value: string) => headers.push(name, value),
    removeHeader: () => undefined,
  };
  const [request, response] = [{}, recorder] as unknown as Parameters<RequestHandler>;
  void helmetHeaders(request, response, (error?: unknown) => {
    if (error !== undefined) throw error;
  });
  return headers;
}

function securityHeaders(): RequestHandler {
  const self = ["'self'"];
  const none = ["'none'"];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: none,
        scriptSrc: self,
        styleSrc: self,
        imgSrc: self,
        fontSrc: self,
        connectSrc: self,
        baseUri: none,
        formAction: none,
        frameAncestors: none,
      },
    },
    // TLS ends at the ingress: whether a host is only ever served over it is not known here.
    strictTransportSecurity: false,
  });
}

function limitAddresses(options: AppOptions, deps: AppDeps): RequestHandler {
  const { requestsPerSecondPerAddress } = options;
  return async (request, response, next) => {
    const waitMs = probePaths.has(request.path)
      ? 0
      : await deps.addressLimiter.take(addressKey(request.ip));
    if (waitMs === 0) next();
    else await sendReply(response, rateLimited(requestsPerSecondPerAddress, waitMs), deps.metrics);
  };
}

function requireHost({ metrics }: AppDeps): RequestHandler {
  return async (request, response, next) => {
    if (!isMissingHost(request)) {
      next();
      return;
    }
    response.setHeader('Connection', 'close');
    await sendReply(response, missingHostRefusal, metrics);
  };
}

/** The shared router also knows /status, which is the worker's; here it is as unknown as a /metrics that is off. */
function operations({ metricsEnabled }: AppOptions, deps: AppDeps): RequestHandler {
  const { readiness, registry } = deps;
  const router = createOpsRouter({ readiness, ...(metricsEnabled ? { registry } : {}) });
  const paths = new Set(['/health', '/ready', ...(metricsEnabled ? ['/metrics'] : [])]);
  return (request, response, next) => {
    if (!paths.has(request.path)) {
      next();
      return;
    }
    response.locals['route'] = request.path;
    if (request.method === 'GET' || request.method === 'HEAD') router(request, response, next);
    else void refuseMethod(response, { allow: 'GET, HEAD', got: request.method }, deps.metrics);
  };
}

function handleErrors(deps: AppDeps): ErrorRequestHandler {
  return async (error: unknown, _request, response, _next) => {
    const refusal = refusalOf(error, deps);
    if (response.headersSent) response.destroy();
    else await sendReply(response, refusal, deps.metrics);
  };
}
