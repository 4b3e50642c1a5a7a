import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LedgerStore } from '../src/index.ts';
import { describeActs } from './conformance-acts.ts';
import { describeArchive } from './conformance-archive.ts';
import { describeEpochs } from './conformance-epochs.ts';
import { describeEvidence } from './conformance-evidence.ts';
import { describeRates } from './conformance-rates.ts';
import { describeReceipts } from './conformance-receipts.ts';
import { describeReputation } from './conformance-reputation.ts';
import { describeSettling } from './conformance-settling.ts';
import { commitInput, makeReceipt, openEpoch } from './ledger-fixtures.ts';

/** An adapter under test, over storage that survives a close. */
export interface LedgerHarness {
  /** Opens the store anew over fresh, empty storage. */
  openFresh(options?: { topsEpochs?: number }): Promise<LedgerStore>;
  /** Closes the store and opens another over the same storage. */
  reopen(store: LedgerStore): Promise<LedgerStore>;
  /** Removes the storage. */
  cleanUp(): Promise<void>;
}

/** What the groups of the suite share: the store of the current test. */
export interface SuiteContext {
  store(): LedgerStore;
  reopen(): Promise<LedgerStore>;
  openFresh(options: { topsEpochs?: number }): Promise<LedgerStore>;
}

/** The behaviour every LedgerStore adapter has, whatever it stores in. */
export function describeLedgerStore(name: string, makeHarness: () => LedgerHarness): void {
  describe(`${name} as a LedgerStore`, () => {
    let harness: LedgerHarness;
    let current: LedgerStore;

    beforeEach(async () => {
      harness = makeHarness();
      current = await harness.openFresh();
    });
    afterEach(async () => {
      await current.close();
      await harness.cleanUp();
    });

    const context: SuiteContext = {
      store: () => current,
      reopen: async () => {
        current = await harness.reopen(current);
        return current;
      },
      openFresh: async (options) => {
        await current.close();
        current = await harness.openFresh(options);
        return current;
      },
    };

    describeEpochs(context);
    describeReceipts(context);
    describeSettling(context);
    describeRates(context);
    describeActs(context);
    describeReputation(context);
    describeEvidence(context);
    describeArchive(context);

    it('answers the readiness check, and refuses every call once closed', async () => {
      await openEpoch(current, 5);
      await expect(current.check()).resolves.toBeUndefined();
      await current.close();
      await expect(current.check()).rejects.toMatchObject({ code: 'closed' });
      await expect(current.latestEpoch()).rejects.toMatchObject({ code: 'closed' });
      const input = commitInput(makeReceipt({ key: 1, epochId: 5, nonce: 1 }));
      await expect(current.commitReceipt(input)).rejects.toMatchObject({ code: 'closed' });
      await expect(current.close()).resolves.toBeUndefined();
    });

    it('commits what was queued before the close', async () => {
      await openEpoch(current, 5);
      const parsed = makeReceipt({ key: 1, epochId: 5, nonce: 1 });
      const pending = current.commitReceipt(commitInput(parsed));
      await Promise.all([pending, context.reopen()]);
      expect((await current.getReceipt(parsed.receiptId))?.outcome).toBe('open');
    });
  });
}
