import express, { type Response, type Router } from 'express';
import type { Registry } from 'prom-client';
import { sendProblem } from './problem-json.ts';
import type { Readiness } from './readiness.ts';

export interface OpsRouterOptions {
  readonly readiness: Readiness;
  /** The body of GET /status; absent, /status is 404. It is public: no secrets. */
  readonly status?: () => object | Promise<object>;
  /** Absent (METRICS_ENABLED=0, or a port of its own), /metrics is 404. */
  readonly registry?: Registry;
}

/**
 * GET /health (200 while the process answers at all), /ready (200 or 503, with every check), /status and /metrics.
 * Other methods on them are 405; every other path is left to the app.
 */
export function createOpsRouter(options: OpsRouterOptions): Router {
  const { readiness, status, registry } = options;
  const router = express.Router();
  router.get('/health', (_request, response) => {
    sendJson(response, 200, { status: 'ok', uptime_seconds: Math.floor(process.uptime()) });
  });
  router.get('/ready', (_request, response) => {
    const report = readiness.report();
    sendJson(response, report.ready ? 200 : 503, report);
  });
  router.get('/status', async (_request, response) => {
    if (status === undefined) return notFound(response);
    sendJson(response, 200, await status());
  });
  router.get('/metrics', async (_request, response) => {
    if (registry === undefined) return notFound(response);
    const exposition = await registry.metrics();
    response.set('Content-Type', registry.contentType).set('Cache-Control', 'no-store');
    response.send(exposition);
  });
  router.all(['/health', '/ready', '/status', '/metrics'], (_request, response) => {
    response.set('Allow', 'GET, HEAD');
    sendProblem(response, { status: 405, code: 'method_not_allowed', title: 'Method not allowed' });
  });
  return router;
}

function sendJson(response: Response, status: number, body: object): void {
  response.status(status).set('Cache-Control', 'no-store').json(body);
}

function notFound(response: Response): void {
  sendProblem(response, { status: 404, code: 'not_found', title: 'Not found' });
}
