import { describe, expect, it } from '@jest/globals';
import type { CommitInput } from '../src/index.ts';
import type { SuiteContext } from './ledger-store-conformance.ts';
import { commitInput, EPOCH_MS, makeReceipt, openEpoch } from './ledger-fixtures.ts';

const START_MS = 4 * EPOCH_MS + 100;

export function describeRates(context: SuiteContext): void {
  describe('receipts a second of one key', () => {
    const commit = (nonce: number, options: Partial<CommitInput> & { key?: number } = {}) =>
      context.store().commitReceipt(
        commitInput(makeReceipt({ key: options.key ?? 1, epochId: 4, nonce }), {
          ...{ maxOpen: 100, maxOpenNewKey: 100, maxPerSecond: 3, receivedAtMs: START_MS },
          ...options,
        }),
      );
    const kindsOf = (results: readonly { kind: string }[]) => results.map(({ kind }) => kind);

    it('are limited in a batch and over batches, and the rest is told when to come back', async () => {
      await openEpoch(context.store(), 4);
      const atOnce = await Promise.all([1, 2, 3, 4, 5].map((nonce) => commit(nonce)));
      expect(kindsOf(atOnce)).toEqual([
        ...['created', 'created', 'created'],
        ...['rate_limited', 'rate_limited'],
      ]);
      expect(await commit(6, { receivedAtMs: START_MS + 700 })).toEqual({
        kind: 'rate_limited',
        retryAfterMs: 300,
      });
      expect(await context.store().countOpen()).toBe(3);
      // Through reopening too: what is counted is stored.
      await context.reopen();
      expect((await commit(6, { receivedAtMs: START_MS + 999 })).kind).toBe('rate_limited');
      expect((await commit(6, { receivedAtMs: START_MS + 1000 })).kind).toBe('created');
    });

    it('leave other keys alone, charge no replay and nothing that was refused', async () => {
      await openEpoch(context.store(), 4);
      expect((await commit(1)).kind).toBe('created');
      for (let i = 0; i < 5; i++) {
        expect((await commit(1)).kind).toBe('existing');
        const rival = makeReceipt({ key: 1, epochId: 4, nonce: 1, workRoot: 77 });
        const refused = commitInput(rival, { maxPerSecond: 3, receivedAtMs: START_MS });
        expect((await context.store().commitReceipt(refused)).kind).toBe('nonce_already_used');
        expect((await commit(50 + i, { maxOpen: 1 })).kind).toBe('too_many_open');
      }
      expect(kindsOf(await Promise.all([2, 3, 4].map((nonce) => commit(nonce))))).toEqual([
        ...['created', 'created', 'rate_limited'],
      ]);
      expect((await commit(1, { key: 2 })).kind).toBe('created');
      // A stored receipt is answered however far over its rate the key is.
      expect((await commit(2)).kind).toBe('existing');
    });

    it('hold for two clocks 2 s apart, whichever comes first', async () => {
      await openEpoch(context.store(), 4);
      const ahead = { receivedAtMs: START_MS + 2000 };
      expect(kindsOf([await commit(1), await commit(2), await commit(3)])).not.toContain(
        'rate_limited',
      );
      // The clock ahead opens a window; the one behind counts in it from then on, and opens none.
      expect((await commit(4, ahead)).kind).toBe('created');
      expect((await commit(5)).kind).toBe('created');
      expect((await commit(6, ahead)).kind).toBe('created');
      expect(await commit(7)).toEqual({ kind: 'rate_limited', retryAfterMs: 1000 });
      expect(await commit(8, { receivedAtMs: START_MS + 1500 })).toMatchObject({
        kind: 'rate_limited',
      });
      expect((await commit(9, { receivedAtMs: START_MS + 3000 })).kind).toBe('created');
    });

    it('are not held up by a window that a wrong clock opened far ahead', async () => {
      await openEpoch(context.store(), 4);
      const farAhead = { maxPerSecond: 1, receivedAtMs: START_MS + 3_600_000 };
      expect((await commit(1, farAhead)).kind).toBe('created');
      expect((await commit(2, { maxPerSecond: 1 })).kind).toBe('created');
      expect((await commit(3, { maxPerSecond: 1 })).kind).toBe('rate_limited');
    });

    it('refuses a limit that is none', async () => {
      await openEpoch(context.store(), 4);
      for (const maxPerSecond of [0, -1, 0.5, Number.NaN]) {
        await expect(commit(1, { maxPerSecond })).rejects.toMatchObject({ code: 'input_invalid' });
      }
    });
  });
}
