import { KernelError } from '@tops/kernel-spec';
import { LedgerError } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import type { VerifierMetrics } from '../metrics.ts';
import { refuse, refuseWith, type Refusal } from '../refusal.ts';

/** What a caller is told of an error that a handler threw; faults of the verifier are counted and logged. */
export function refusalOf(
  error: unknown,
  { metrics, logger }: { readonly metrics: VerifierMetrics; readonly logger: Logger },
): Refusal {
  if (error instanceof Error && 'status' in error && error.status === 400) {
    return refuse({ code: 'path_invalid', detail: 'expected valid percent-encoding in the path' });
  }
  if (error instanceof LedgerError && error.code === 'overloaded') {
    return refuseWith('overloaded', 'expected room in the write queue, got none', 1000);
  }
  if (error instanceof LedgerError || error instanceof KernelError) {
    const part = error instanceof LedgerError ? 'ledger' : 'kernel';
    metrics.errors.inc({ kind: part });
    logger.error('request failed', { part, error });
    return refuseWith('not_ready', `expected the ${part} to answer, got an error`, 1000);
  }
  metrics.errors.inc({ kind: 'internal' });
  logger.error('request failed', { part: 'internal', error });
  return refuseWith('internal_error', 'expected no fault of the verifier, got one');
}
