import { describe, expect, it } from '@jest/globals';
import { inclusionPath, ledgerEntryHash, ledgerRoot, type LedgerEntry } from '@tops/audit';
import { bytesToHex } from '@tops/crypto';
import type { EpochRecord } from '@tops/ledger';
import { deferred } from '../test/deferred.ts';
import { BLOCK_ENTRIES, InclusionService } from './inclusion-service.ts';

function entriesOf(epochId: number, count: number): LedgerEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    credited_ops: '0',
    outcome: 'missed',
    receipt_id: (epochId * 1_000_000 + index).toString(16).padStart(64, '0'),
    rows: [index],
  }));
}

/** A ledger of sealed epochs, by id; counts the pages that are read. */
function ledgerOf(epochs: Readonly<Record<number, readonly LedgerEntry[]>>) {
  const state = { pagesRead: 0, archived: false, gate: Promise.resolve() };
  const find = (receiptId: string) => {
    for (const [id, entries] of Object.entries(epochs)) {
      const index = entries.findIndex((entry) => entry.receipt_id === receiptId);
      if (index >= 0) return { epochId: Number(id), index };
    }
    return undefined;
  };
  const ledger = {
    async getEpoch(epochId: number): Promise<EpochRecord> {
      const entries = epochs[epochId] ?? [];
      const signature = new Uint8Array(64);
      return {
        ...{ epochId, opensAtMs: 0, closesAtMs: 1 },
        ...{ prevHash: new Uint8Array(32), entropy: new Uint8Array(32) },
        sealed: {
          head: new Uint8Array(32),
          ledgerRoot: ledgerRoot(entries),
          entryCount: entries.length,
          signed: { signature, verifierKey: new Uint8Array(32), atMs: 1 },
        },
        ...(state.archived ? { archivedAtMs: 1 } : {}),
      };
    },
    async epochEntries(epochId: number, page?: { afterReceiptId?: string; limit: number }) {
      state.pagesRead++;
      await state.gate;
      const start = page?.afterReceiptId === undefined ? 0 : find(page.afterReceiptId)!.index + 1;
      return (epochs[epochId] ?? []).slice(start, start + (page?.limit ?? Infinity));
    },
    archive: {
      async entryPosition(receiptId: string) {
        const found = find(receiptId);
        // With gaps, as a ledger has whose receipts of several epochs come mixed.
        return found && { epochId: found.epochId, sequence: 10 + 3 * found.index };
      },
    },
  };
  type Deps = ConstructorParameters<typeof InclusionService>[0];
  return { state, service: new InclusionService({ ledger } as unknown as Deps) };
}

describe('InclusionService', () => {
  it.each([1, 2, BLOCK_ENTRIES - 1, BLOCK_ENTRIES, BLOCK_ENTRIES + 1, 3 * BLOCK_ENTRIES + 5])(
    'gives the paths of RFC 9162 in an epoch of %i entries',
    async (count) => {
      const entries = entriesOf(7, count);
      const leaves = entries.map(ledgerEntryHash);
      const { service } = ledgerOf({ 7: entries });
      for (const index of new Set([0, 1, count >> 1, 255, 256, count - 2, count - 1])) {
        const entry = entries[index];
        if (entry === undefined) continue;
        const result = await service.prove(entry.receipt_id);
        const path = inclusionPath(leaves, { index, count }).map(bytesToHex);
        expect(result).toMatchObject({ kind: 'proof', proof: { entry, index, path } });
      }
    },
  );

  it('hashes an epoch once, and then reads a block a proof', async () => {
    const entries = entriesOf(7, 4 * BLOCK_ENTRIES + 1);
    const { service, state } = ledgerOf({ 7: entries });
    await Promise.all(entries.slice(0, 20).map(({ receipt_id }) => service.prove(receipt_id)));
    expect(state.pagesRead).toBe(5 + 20);
    await service.prove(entries.at(-1)!.receipt_id);
    expect(state.pagesRead).toBe(5 + 20 + 1);
  });

  it('hashes two epochs at a time, refuses a third, and takes it later', async () => {
    const epochs = { 1: entriesOf(1, 3), 2: entriesOf(2, 3), 3: entriesOf(3, 3) };
    const { service, state } = ledgerOf(epochs);
    const gate = deferred();
    state.gate = gate.promise;
    const first = service.prove(epochs[1][0]!.receipt_id);
    const second = service.prove(epochs[2][0]!.receipt_id);
    while (state.pagesRead < 2) await new Promise((resolve) => setImmediate(resolve));
    const third = epochs[3][0]!.receipt_id;
    expect(await service.prove(third)).toEqual({ kind: 'overloaded' });
    gate.resolve();
    expect((await first).kind).toBe('proof');
    expect((await second).kind).toBe('proof');
    expect((await service.prove(third)).kind).toBe('proof');
  });

  it('tries again after the ledger failed, and tells what is unknown or archived', async () => {
    const entries = entriesOf(1, 3);
    const { service, state } = ledgerOf({ 1: entries });
    state.gate = Promise.reject(new Error('away'));
    await expect(service.prove(entries[0]!.receipt_id)).rejects.toThrow('away');
    state.gate = Promise.resolve();
    expect((await service.prove(entries[0]!.receipt_id)).kind).toBe('proof');
    expect(await service.prove('ab'.repeat(32))).toEqual({ kind: 'unknown' });
    state.archived = true;
    expect(await service.prove(entries[0]!.receipt_id)).toEqual({ kind: 'archived' });
  });
});
