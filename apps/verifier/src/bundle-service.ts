import { parseBundle, parseJson } from '@tops/protocol';
import { checkBundle, type JudgeDependencies } from '@tops/verification';
import type { ProtocolConfig } from './config.ts';
import { FairGate } from './fair-gate.ts';
import type { VerifierMetrics } from './metrics.ts';
import type { Submission } from './receipt-service.ts';
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
  readonly #gate: FairGate;

  constructor(config: ProtocolConfig, deps: BundleServiceDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#gate = new FairGate({
      concurrency: Math.max(1, Math.floor(config.verifyConcurrency / 2)),
      maxWaiting: WAITING_BUNDLES_MAX,
    });
  }

  /** @param request - attacker-controlled `bytes`, and the `address` they came from. */
  async verify(request: Pick<Submission, 'bytes' | 'address'>): Promise<BundleResult> {
    const json = parseJson(request.bytes);
    if (!json.ok) return refuse(json.problem);
    const { limits, skipSignatures } = this.#config;
    const bundle = parseBundle(json.value, { auditRowsMax: limits.audit_rows_max });
    if (!bundle.ok) return refuse(bundle.problem);
    const { judging, metrics } = this.#deps;
    const result = await this.#gate.run(request.address, () =>
      checkBundle(bundle.value, { limits, skipSignatures }, judging),
    );
    if (result.kind === 'full') {
      return refuseWith('overloaded', 'expected a free place for verification, got none', 1000);
    }
    const verdict = result.value;
    if (verdict.outcome === 'rejected') return refuse(verdict.problem);
    metrics.kernelDisagreements.inc(verdict.kernelDisagreements);
    return { kind: 'accepted', receiptId: bundle.value.receipt.receiptId };
  }
}
