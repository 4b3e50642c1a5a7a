import { describe, expect, it } from '@jest/globals';
import { bytesToHex, keyPairFromSeed, sign } from '@tops/crypto';
import { challengeSignedBytes, type Evidence } from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { commitPlainly, plainLeaves } from '../test/plain-worker.ts';
import { seededRandomBelow } from '../test/seeded-random.ts';
import { checkEvidence, type EvidenceContext } from './check-evidence.ts';
import type { ComputeLeaves } from './judge-rows.ts';

const verifierKey = keyPairFromSeed(seededBytes(77, 32));
const context: EvidenceContext = {
  limits: { min_rows: 64, max_weights: 8192, audit_rows_max: 4 },
  skipSignatures: false,
};
const deps = {
  computeLeaves: plainLeaves,
  confirmLeaves: plainLeaves,
  randomBelow: seededRandomBelow(3),
};
const rows = [2, 3, 50];

/** Evidence in a challenge of the verifier's, and changed afterwards. */
function evidenceOf(
  commitment: ReturnType<typeof commitPlainly>,
  change: Partial<Evidence> = {},
): Evidence {
  const { parsed } = commitment;
  const drawn = { receipt_id: parsed.receiptId, rows, deadline_at: 1_750_000_000_000 };
  return {
    receipt: parsed,
    rows,
    ...commitment.open(rows),
    challenge: {
      ...drawn,
      challenge_sig_hex: bytesToHex(sign(challengeSignedBytes(drawn), verifierKey)),
    },
    verifierKey: verifierKey.publicKey,
    mismatchRow: 3,
    ...change,
  };
}

const honest = commitPlainly();
const cheat = commitPlainly({ skippedRows: new Set([3, 50]) });
const problemOf = async (evidence: Evidence, change: Partial<EvidenceContext> = {}) => {
  const verdict = await checkEvidence(evidence, { ...context, ...change }, deps);
  return verdict.outcome === 'malformed' ? verdict.problem : verdict;
};

describe('checkEvidence', () => {
  it('tells a cheat from a worker that was wronged', async () => {
    expect(await checkEvidence(evidenceOf(cheat), context, deps)).toEqual({
      outcome: 'contradicted',
      row: 3,
    });
    expect(await checkEvidence(evidenceOf(cheat, { mismatchRow: 50 }), context, deps)).toEqual({
      outcome: 'contradicted',
      row: 50,
    });
    expect(await checkEvidence(evidenceOf(honest), context, deps)).toEqual({ outcome: 'sound' });
  });

  it('names the row that is wrong where the one accused is right', async () => {
    const accused = evidenceOf(cheat, { mismatchRow: 2 });
    const problem = await problemOf(accused);
    expect(problem).toMatchObject({ code: 'row_mismatch', field: 'mismatch_row' });
    expect([3, 50]).toContain((problem as { row?: number }).row);
  });

  it('never takes the word of the fast kernel alone', async () => {
    const faulty: ComputeLeaves = async (attempt, asked) => {
      const leaves = await plainLeaves(attempt, asked);
      for (let at = 0; at < leaves.length; at += 32) leaves[at]! ^= 1;
      return leaves;
    };
    const judging = { ...deps, computeLeaves: faulty };
    expect(await checkEvidence(evidenceOf(honest), context, judging)).toEqual({ outcome: 'sound' });
    expect(await checkEvidence(evidenceOf(cheat), context, judging)).toMatchObject({
      outcome: 'contradicted',
    });
  });

  it('wants the challenge of the key it names, for this receipt, these rows and this deadline', async () => {
    const { challenge } = evidenceOf(cheat);
    const ofAnotherReceipt = evidenceOf(commitPlainly({ skippedRows: new Set([3]) })).challenge;
    const drawn = { ...challenge, rows: [2, 3, 51] };
    const ofOtherRows = {
      ...drawn,
      challenge_sig_hex: bytesToHex(sign(challengeSignedBytes(drawn), verifierKey)),
    };
    for (const changed of [
      { ...challenge, deadline_at: challenge.deadline_at + 1 },
      ofAnotherReceipt,
      ofOtherRows,
    ]) {
      expect(await problemOf(evidenceOf(cheat, { challenge: changed }))).toMatchObject({
        code: 'signature_invalid',
        field: 'challenge_sig_hex',
      });
    }
    const stranger = keyPairFromSeed(seededBytes(78, 32)).publicKey;
    expect(await problemOf(evidenceOf(cheat, { verifierKey: stranger }))).toMatchObject({
      field: 'challenge_sig_hex',
    });
    expect(await problemOf(evidenceOf(cheat, { verifierKey: new Uint8Array(32) }))).toMatchObject({
      code: 'public_key_invalid',
      field: 'verifier_key_hex',
    });
  });

  it('holds it to the key the reader knows', async () => {
    const verifierKeyHex = bytesToHex(verifierKey.publicKey);
    expect(await problemOf(evidenceOf(cheat), { verifierKeyHex })).toMatchObject({ row: 3 });
    expect(await problemOf(evidenceOf(cheat), { verifierKeyHex: '11'.repeat(32) })).toMatchObject({
      code: 'signature_invalid',
      field: 'verifier_key_hex',
    });
  });

  it('checks all that a bundle is checked for', async () => {
    const { leaves } = cheat.open(rows);
    leaves[0]! ^= 1;
    expect(await problemOf(evidenceOf(cheat, { leaves }))).toMatchObject({
      code: 'proof_malformed',
    });
    const { signature } = honest.parsed;
    const forged = { ...cheat.parsed, signature };
    expect(await problemOf(evidenceOf(cheat, { receipt: forged }))).toMatchObject({
      code: 'signature_invalid',
      field: 'sig_hex',
    });
    const limits = { ...context.limits, max_weights: 64 };
    expect(await problemOf(evidenceOf(cheat), { limits })).toMatchObject({
      code: 'shape_over_limit',
    });
  });
});
