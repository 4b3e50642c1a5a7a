import { createMetrics } from '@tops/observability';
import { createVerifierMetrics } from '../../apps/verifier/src/metrics.ts';
import { createWorkerMetrics } from '../../apps/worker/src/metrics.ts';
import { readCatalog, type MetricCatalog } from './catalog.ts';

/** What worker and verifier expose, from the registries that they serve themselves; prom-client's families included. */
export function readAppCatalog(): Promise<MetricCatalog> {
  const sourceOf = (prefix: string) => ({ prefix, metrics: createMetrics({ prefix }) });
  const worker = sourceOf('tops_worker_');
  const verifier = sourceOf('tops_verifier_');
  createWorkerMetrics(worker.metrics);
  createVerifierMetrics(verifier.metrics);
  return readCatalog(
    [worker, verifier].map(({ prefix, metrics: { registry } }) => ({ prefix, registry })),
  );
}
