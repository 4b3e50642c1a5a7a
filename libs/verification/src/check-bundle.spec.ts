import { describe, expect, it } from '@jest/globals';
import { encodeBundle, parseBundle, type Bundle } from '@tops/protocol';
import { commitPlainly, EPOCH_ID, plainLeaves } from '../test/plain-worker.ts';
import { seededRandomBelow } from '../test/seeded-random.ts';
import { checkBundle, type BundleContext } from './check-bundle.ts';

const context: BundleContext = {
  limits: { min_rows: 64, max_weights: 8192, audit_rows_max: 4 },
  skipSignatures: false,
};
const deps = {
  computeLeaves: plainLeaves,
  confirmLeaves: plainLeaves,
  randomBelow: seededRandomBelow(3),
};
const rows = [2, 3, 50];
const accepted = { outcome: 'accepted', kernelDisagreements: 0 };

function bundleOf(
  commitment: ReturnType<typeof commitPlainly>,
  change: Partial<Bundle> = {},
): Bundle {
  return { receipt: commitment.parsed, rows, ...commitment.open(rows), ...change };
}
const codeOf = async (bundle: Bundle, change: Partial<BundleContext> = {}) => {
  const verdict = await checkBundle(bundle, { ...context, ...change }, deps);
  return verdict.outcome === 'rejected' ? verdict.problem.code : verdict.outcome;
};

const honest = commitPlainly();

describe('checkBundle', () => {
  it('accepts an honest bundle, of whatever epoch', async () => {
    expect(await checkBundle(bundleOf(honest), context, deps)).toEqual(accepted);
    const past = commitPlainly({ change: { epoch_id: EPOCH_ID - 1_000 } });
    expect(await checkBundle(bundleOf(past), context, deps)).toEqual(accepted);
  });

  it('accepts what went over the wire', async () => {
    const message: unknown = encodeBundle(bundleOf(honest));
    const parsed = parseBundle(message, { auditRowsMax: 4 });
    if (!parsed.ok) throw new Error(parsed.problem.detail);
    expect(await checkBundle(parsed.value, context, deps)).toEqual(accepted);
  });

  it('names the row that was not computed', async () => {
    const cheat = commitPlainly({ skippedRows: new Set([3]) });
    expect(await checkBundle(bundleOf(cheat), context, deps)).toEqual({
      outcome: 'rejected',
      problem: {
        code: 'row_mismatch',
        detail: 'expected the recomputed leaf of row 3, got another',
        row: 3,
      },
    });
    const others = [2, 50];
    const elsewhere = bundleOf(cheat, { rows: others, ...cheat.open(others) });
    expect(await checkBundle(elsewhere, context, deps)).toEqual(accepted);
  });

  it('refuses no rows, too many, unsorted, repeated and out of range ones', async () => {
    for (const bad of [[], [1, 2, 3, 4, 5], [3, 2], [7, 7], [64]]) {
      expect(await codeOf(bundleOf(honest, { rows: bad }))).toBe('rows_invalid');
    }
    const four = [1, 2, 3, 63];
    expect(await codeOf(bundleOf(honest, { rows: four, ...honest.open(four) }))).toBe('accepted');
  });

  it('holds to the shape limits and the signature', async () => {
    const limits = { ...context.limits, min_rows: 128 };
    expect(await codeOf(bundleOf(honest), { limits })).toBe('shape_below_min_rows');
    const forged = { ...honest.parsed, signature: new Uint8Array(64) };
    expect(await codeOf(bundleOf(honest, { receipt: forged }))).not.toBe('accepted');
    expect(await codeOf(bundleOf(honest, { receipt: forged }), { skipSignatures: true })).toBe(
      'accepted',
    );
  });

  it('refuses empty, missing and altered hashes before any recomputation', async () => {
    const idle = {
      ...deps,
      computeLeaves: () => Promise.reject(new Error('recomputed')),
    };
    const { leaves, siblings } = honest.open(rows);
    const altered = siblings.slice();
    altered[0]! ^= 1;
    for (const change of [
      { leaves: new Uint8Array(0), siblings: new Uint8Array(0) },
      { siblings: siblings.subarray(32) },
      { siblings: altered },
      { leaves: leaves.slice().reverse() },
    ]) {
      const verdict = await checkBundle(bundleOf(honest, change), context, idle);
      expect(verdict).toMatchObject({
        outcome: 'rejected',
        problem: { code: 'proof_malformed' },
      });
    }
    await expect(checkBundle(bundleOf(honest), context, idle)).rejects.toThrow('recomputed');
  });
});
