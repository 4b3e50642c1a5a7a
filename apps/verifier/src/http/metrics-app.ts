import { createOpsRouter, type Readiness } from '@tops/observability';
import express from 'express';
import helmet from 'helmet';
import type { Registry } from 'prom-client';
import type { VerifierMetrics } from '../metrics.ts';
import { refuseWith } from '../refusal.ts';
import { sendReply } from './send-reply.ts';

export interface MetricsAppDeps {
  readonly readiness: Readiness;
  /** Undefined with METRICS_ENABLED=0: probes ask here all the same. */
  readonly registry: Registry | undefined;
  readonly metrics: VerifierMetrics;
}

/** GET /metrics, with /health and /ready for probes, on a port of its own: so that a network policy can tell who scrapes from who works. */
export function createMetricsApp({ readiness, registry, metrics }: MetricsAppDeps) {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(helmet());
  app.use(createOpsRouter({ readiness, ...(registry === undefined ? {} : { registry }) }));
  app.use((_request, response) =>
    sendReply(
      response,
      refuseWith('route_not_found', 'expected /metrics, /health or /ready'),
      metrics,
    ),
  );
  return app;
}
