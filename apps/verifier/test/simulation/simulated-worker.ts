import { auditRows, openChallengesMax, workerState, type WorkerState } from '@tops/ledger';
import { defaultLimits, OPS_UNIT } from '@tops/protocol';
import { drawRows } from '@tops/verification';
import { seededRandomBelow } from './seeded-random.ts';
import { SimulatedKey } from './simulated-key.ts';

/** What a worker does in one epoch. */
export interface Behaviour {
  /** Ops of each receipt; 2^40 are 262 144 rows at n = k = 1024, about a second at 1 TOPS. */
  readonly receiptOps: bigint;
  /** Share of the rows it leaves out. */
  readonly skippedShare: number;
  /** What it does when it is asked for a row it left out. */
  readonly whenCaught: 'abandon' | 'answer';
  /** Share of the answers that never arrive, whatever they say. */
  readonly lostShare: number;
  /** How much of its machine works. */
  readonly effort: number;
}

export interface SimulatedWorkerOptions {
  readonly seed: number;
  readonly epochCount: number;
  /** Ops the machine can do in an epoch. */
  readonly opsPerEpoch: bigint;
  /** Keys it takes turns with. */
  readonly keyCount: number;
  /** Whether a key in quarantine is replaced by a new one. */
  readonly replacesKeys: boolean;
  readonly behaviourIn: (epochId: number) => Behaviour;
}

/** What one stretch of epochs came to. */
export interface Harvest {
  /** Ops it really did. */
  workOps: number;
  creditedOps: number;
}

/** A receipt as it was met, for asserting on the rule's course. */
export interface Challenge {
  readonly epochId: number;
  readonly state: WorkerState;
  readonly rowCount: number;
  readonly maxOpen: number;
}

/** Of every receipt, whatever its ops: a draw is as likely to hit at any m. */
const ROW_COUNT = 262_144;
const limits = {
  auditRowsMin: defaultLimits.audit_rows_min,
  auditRowsMax: defaultLimits.audit_rows_max,
  maxOpen: defaultLimits.max_open_challenges,
  maxOpenNewKey: defaultLimits.max_open_challenges_new_key,
};

/** A worker under the verifier's real rule and real draws; all chance comes from one seed. */
export class SimulatedWorker {
  readonly #options: SimulatedWorkerOptions;
  readonly #randomBelow: (max: number) => number;
  readonly #keys: SimulatedKey[];
  readonly #retired: SimulatedKey[] = [];
  readonly challenges: Challenge[] = [];
  #budgetOps = 0;
  #workOps = 0;
  #turn = 0;

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
    this.#randomBelow = seededRandomBelow(options.seed);
    this.#keys = Array.from({ length: options.keyCount }, () => new SimulatedKey());
  }

  /** @returns what each stretch came to; a stretch ends before each epoch of `cuts`, and at the end. */
  run(cuts: readonly number[] = []): Harvest[] {
    const totals: Harvest[] = [];
    for (let epochId = 0; epochId < this.#options.epochCount; epochId++) {
      if (cuts.includes(epochId)) totals.push(this.#total());
      this.#workEpoch(epochId);
      for (const key of this.#allKeys) key.seal(epochId);
    }
    totals.push(this.#total());
    return totals.map(({ workOps, creditedOps }, index) => ({
      workOps: workOps - (totals[index - 1]?.workOps ?? 0),
      creditedOps: creditedOps - (totals[index - 1]?.creditedOps ?? 0),
    }));
  }

  get keyCount(): number {
    return this.#allKeys.length;
  }

  get rejected(): number {
    return this.#allKeys.reduce((sum, key) => sum + key.rejected, 0);
  }

  get missed(): number {
    return this.#allKeys.reduce((sum, key) => sum + key.missed, 0);
  }

  get #allKeys(): SimulatedKey[] {
    return [...this.#keys, ...this.#retired];
  }

  #total(): Harvest {
    const units = this.#allKeys.reduce((sum, key) => sum + key.creditedUnits, 0n);
    return { workOps: this.#workOps, creditedOps: Number(units * OPS_UNIT) };
  }

  #workEpoch(epochId: number): void {
    const behaviour = this.#options.behaviourIn(epochId);
    const costOps = Number(behaviour.receiptOps) * (1 - behaviour.skippedShare);
    this.#budgetOps += Number(this.#options.opsPerEpoch) * behaviour.effort;
    while (this.#budgetOps >= costOps) {
      const key = this.#nextKey(epochId);
      if (key === undefined) {
        // Idle: what a machine does not do in quarantine is lost to it.
        this.#budgetOps = 0;
        return;
      }
      this.#budgetOps -= costOps;
      this.#workOps += costOps;
      this.#submit(key, behaviour, epochId);
    }
  }

  #nextKey(epochId: number): SimulatedKey | undefined {
    for (let tries = 0; tries < this.#keys.length; tries++) {
      const at = this.#turn++ % this.#keys.length;
      const key = this.#keys[at];
      if (key !== undefined && !key.isQuarantined(epochId)) return key;
      if (key !== undefined && this.#options.replacesKeys) {
        this.#retired.push(key);
        return (this.#keys[at] = new SimulatedKey());
      }
    }
    return undefined;
  }

  #submit(key: SimulatedKey, behaviour: Behaviour, epochId: number): void {
    const { record } = key;
    const { receiptOps } = behaviour;
    const count = auditRows(record, { ...limits, m: ROW_COUNT, receiptOps });
    const rows = drawRows({ m: ROW_COUNT, count }, { randomBelow: this.#randomBelow });
    this.challenges.push({
      ...{ epochId, rowCount: rows.length },
      state: workerState(record, epochId),
      maxOpen: openChallengesMax(record, limits),
    });
    // Which rows it leaves out is all the same to a uniform draw: the first ones.
    const skippedCount = Math.floor(ROW_COUNT * behaviour.skippedShare);
    const isCaught = rows.some((row) => row < skippedCount);
    const isLost = this.#randomBelow(1_000_000) < behaviour.lostShare * 1_000_000;
    if (isLost || (isCaught && behaviour.whenCaught === 'abandon')) key.miss();
    else if (isCaught) key.reject(epochId);
    else key.accept(receiptOps / OPS_UNIT);
  }
}
