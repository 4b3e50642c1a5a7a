import { bulkhead, BulkheadRejectedError, type BulkheadPolicy } from 'cockatiel';
import { parseBundle, parseJson } from '@tops/protocol';
import { checkBundle, type JudgeDependencies } from '@tops/verification';
import type { ProtocolConfig } from './config.ts';
import type { VerifierMetrics } from './metrics.ts';
import { refuse, refuseWith, type Refusal } from './refusal.ts';

/** Bundles waiting for a free place; they come from anybody, so few. */
const WAITING_BUNDLES_MAX = 8;

export interface BundleServiceDeps {
  readonly judging: JudgeDependencies;
  readonly metrics: VerifierMetrics;
}

export type BundleResult = { readonly kind: 'accepted'; readonly receiptId: string } | Refusal;

/** Re-checks bundles without state. Has its own few places, so that it can never hold up the answers to challenges. */
export class BundleService {
  readonly #config: ProtocolConfig;
  readonly #deps: BundleServiceDeps;
  readonly #gate: BulkheadPolicy;

  constructor(config: ProtocolConfig, deps: BundleServiceDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#gate = bulkhead(
      Math.max(1, Math.floor(config.verifyConcurrency / 2)),
      WAITING_BUNDLES_MAX,
    );
  }

  /** @param bytes - attacker-controlled. */
  async verify(bytes: Uint8Array): Promise<BundleResult> {
    const json = parseJson(bytes);
    if (!json.ok) return refuse(json.problem);
    const { limits, skipSignatures } = this.#config;
    const bundle = parseBundle(json.value, { auditRowsMax: limits.audit_rows_max });
    if (!bundle.ok) return refuse(bundle.problem);
    const { judging, metrics } = this.#deps;
    try {
      const verdict = await this.#gate.execute(() =>
        checkBundle(bundle.value, { limits, skipSignatures }, judging),
      );
      if (verdict.outcome === 'rejected') return refuse(verdict.problem);
      metrics.kernelDisagreements.inc(verdict.kernelDisagreements);
      return { kind: 'accepted', receiptId: bundle.value.receipt.receiptId };
    } catch (cause) {
      if (!(cause instanceof BulkheadRejectedError)) throw cause;
      return refuseWith('overloaded', 'expected a free place for verification, got none', 1000);
    }
  }
}
