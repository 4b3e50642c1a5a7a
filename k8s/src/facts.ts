import { createMetrics } from '@tops/observability';
import { createVerifierMetrics, routes } from '../../apps/verifier/src/metrics.ts';
import { createWorkerMetrics } from '../../apps/worker/src/metrics.ts';
import type { Facts } from './rule.ts';
import { readConfig } from '../../apps/verifier/src/config.ts';

/** What the apps themselves say of their metrics and routes. */
export function factsOfApps(): Facts {
  const verifier = createMetrics({ prefix: 'tops_verifier_', defaultMetrics: false });
  createVerifierMetrics(verifier);
  const worker = createWorkerMetrics();
  const names = [verifier.registry, worker.registry].flatMap((registry) =>
    registry.getMetricsAsArray().map(({ name }) => name),
  );
  const defaults = readConfig({});
  if (!defaults.ok) throw new Error('expected the verifier to start on its defaults');
  return {
    bodyBytesMax: defaults.config.protocol.limits.body_bytes,
    metricNames: new Set(names),
    publicRoutes: routes.filter((route) => !route.includes('{')),
  };
}
