import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import { OPS_UNIT } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import {
  INITIAL_HASH,
  ledgerRoot,
  nextHead,
  openSqliteLedger,
  type LedgerStore,
  type Outcome,
} from '../../src/index.ts';
import {
  commitInput,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from '../ledger-fixtures.ts';

const KEYS = [1, 2, 3];
const EPOCHS = [1, 2, 3, 4];

type Operation =
  | { type: 'open' }
  | { type: 'commit'; key: number; epochId: number; nonce: number; workRoot: number }
  | { type: 'settle'; pick: number; outcome: 'accepted' | 'rejected' }
  | { type: 'expire'; nowMs: number; spare: number }
  | { type: 'seal'; epochId: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ type: fc.constant('open' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      key: fc.constantFrom(...KEYS),
      epochId: fc.constantFrom(...EPOCHS),
      nonce: fc.integer({ min: 0, max: 5 }),
      workRoot: fc.integer({ min: 0, max: 1 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('settle' as const),
      pick: fc.nat(),
      outcome: fc.constantFrom('accepted', 'accepted', 'accepted', 'rejected'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('expire' as const),
      nowMs: fc.integer({ min: 0, max: 6 * EPOCH_MS }),
      spare: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('seal' as const),
      epochId: fc.constantFrom(...EPOCHS),
    }),
  },
);

/** What the test remembers of its own calls, to hold the store to. */
class Witness {
  readonly store: LedgerStore;
  readonly #created = new Map<string, string>();
  readonly #lastOutcome = new Map<string, Outcome>();
  readonly #sealed = new Map<number, unknown>();
  #opened = 0;

  constructor(store: LedgerStore) {
    this.store = store;
  }

  async apply(one: Operation): Promise<void> {
    switch (one.type) {
      case 'open':
        if (this.#opened < EPOCHS.length) await openEpoch(this.store, ++this.#opened);
        return;
      case 'commit':
        return this.#commit(one);
      case 'settle': {
        const receiptId = this.#pick(one.pick);
        if (receiptId === undefined) return;
        const quarantine = { fromEpochId: 1, epochCount: 2, cleanEpochs: 2 };
        const rejection = { row: 1, evidence: new Uint8Array(3), quarantine };
        await this.store.settleReceipt({
          receiptId,
          outcome: one.outcome,
          atMs: 1,
          ...(one.outcome === 'rejected' ? rejection : {}),
        });
        return;
      }
      case 'expire': {
        const answersInFlight = new Map([[this.#pick(one.spare) ?? '', 0]]);
        await this.store.expireChallenges({ nowMs: one.nowMs, answersInFlight });
        return;
      }
      case 'seal':
        await this.store
          .sealEpoch({ epochId: one.epochId })
          .catch(allow('epoch_unknown', 'seal_out_of_order', 'receipts_open'));
    }
  }

  async #commit(one: Operation & { type: 'commit' }): Promise<void> {
    const parsed = makeReceipt(one);
    const result = await this.store
      .commitReceipt(commitInput(parsed))
      .catch(allow('epoch_unknown', 'epoch_sealed'));
    if (result?.kind !== 'created') return;
    const slot = `${one.epochId}/${one.key}/${one.nonce}`;
    expect(this.#created.has(slot)).toBe(false);
    this.#created.set(slot, parsed.receiptId);
  }

  #pick(index: number): string | undefined {
    const ids = [...this.#created.values()];
    return ids[index % Math.max(ids.length, 1)];
  }

  async check(): Promise<void> {
    await this.#checkOutcomes();
    const totals = new Map(KEYS.map((key) => [publicKeyHexOf(key), emptyTotals()]));
    for (const epochId of EPOCHS) {
      const ofEpoch = await this.#replay(epochId);
      for (const [key, sums] of ofEpoch) add(totals.get(key)!, sums);
    }
    for (const [key, sums] of totals) {
      const worker = await this.store.getWorker(key);
      expect(worker ?? emptyTotals()).toMatchObject(sums);
    }
    await this.#checkSeals();
  }

  /** No acknowledged receipt is ever lost, and final outcomes only ever change from accepted to revoked. */
  async #checkOutcomes(): Promise<void> {
    for (const receiptId of this.#created.values()) {
      const outcome = (await this.store.getReceipt(receiptId))?.outcome;
      expect(outcome).toBeDefined();
      const before = this.#lastOutcome.get(receiptId) ?? 'open';
      const lawful =
        before === outcome || before === 'open' || (before === 'accepted' && outcome === 'revoked');
      expect([before, outcome, lawful]).toEqual([before, outcome, true]);
      this.#lastOutcome.set(receiptId, outcome!);
    }
  }

  /** Sums by key from the entries alone, equal to what the store keeps. */
  async #replay(epochId: number): Promise<Map<string, Totals>> {
    const replayed = new Map<string, Totals>();
    for (const entry of await this.store.epochEntries(epochId)) {
      const record = await this.store.getReceipt(entry.receipt_id);
      const sums = replayed.get(record!.publicKeyHex) ?? emptyTotals();
      sums[entry.outcome]++;
      sums.creditedUnits += BigInt(entry.credited_ops) / OPS_UNIT;
      expect(entry.credited_ops === '0').toBe(entry.outcome !== 'accepted');
      replayed.set(record!.publicKeyHex, sums);
    }
    const credits = await this.store.epochCredits(epochId);
    expect(credits).toHaveLength(replayed.size);
    for (const row of credits) expect(row).toMatchObject(replayed.get(row.publicKeyHex)!);
    return replayed;
  }

  /** Sealed epochs never change again, and chain to one another. */
  async #checkSeals(): Promise<void> {
    let previousHead = INITIAL_HASH;
    for (const epochId of EPOCHS) {
      const epoch = await this.store.getEpoch(epochId);
      if (epoch?.sealed === undefined) continue;
      const entries = await this.store.epochEntries(epochId);
      const frozen = { epoch, entries };
      expect(frozen).toEqual(this.#sealed.get(epochId) ?? frozen);
      this.#sealed.set(epochId, frozen);
      expect(epoch.sealed.entryCount).toBe(entries.length);
      const root = ledgerRoot(entries);
      expect(bytesToHex(epoch.sealed.ledgerRoot)).toBe(bytesToHex(root));
      const head = nextHead({
        previousHead,
        epochId,
        entryCount: entries.length,
        ledgerRoot: root,
      });
      expect(bytesToHex(epoch.sealed.head)).toBe(bytesToHex(head));
      previousHead = head;
      expect(await this.store.countOpen({ epochId })).toBe(0);
    }
  }
}

interface Totals {
  creditedUnits: bigint;
  accepted: number;
  rejected: number;
  missed: number;
  revoked: number;
}

function emptyTotals(): Totals {
  return { creditedUnits: 0n, accepted: 0, rejected: 0, missed: 0, revoked: 0 };
}

function add(to: Totals, more: Totals): void {
  to.creditedUnits += more.creditedUnits;
  to.accepted += more.accepted;
  to.rejected += more.rejected;
  to.missed += more.missed;
  to.revoked += more.revoked;
}

function allow(...codes: string[]): (error: { code?: string }) => undefined {
  return (error) => {
    expect(codes).toContain(error.code);
    return undefined;
  };
}

describe('any interleaving of calls', () => {
  it('keeps credits replayable, nonces unique and seals immutable', async () => {
    const turns = fc.array(fc.array(operation, { minLength: 1, maxLength: 8 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(turns, async (sequence) => {
        const dataDir = mkdtempSync(join(tmpdir(), 'tops-ledger-'));
        const store = await openSqliteLedger({ dataDir, lockWaitMs: 0 });
        try {
          const witness = new Witness(store);
          await witness.apply({ type: 'open' });
          for (const turn of sequence) {
            await Promise.all(turn.map((one) => witness.apply(one)));
            await witness.check();
          }
        } finally {
          await store.close();
          rmSync(dataDir, { recursive: true });
        }
      }),
      fcParameters(25),
    );
  });
});
