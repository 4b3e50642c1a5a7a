import { describe, expect, it } from '@jest/globals';
import { bytesToHex, keyPairFromSeed, sign } from '@tops/crypto';
import { challengeSignedBytes, verifyChallenge } from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { ChallengeSigner } from './challenge-signer.ts';

const keyPair = keyPairFromSeed(seededBytes(41, 32));
const signer = new ChallengeSigner({ keyPair });
const input = { receiptId: 'ab'.repeat(32), rows: [3, 5], deadlineAtMs: 1_740_000_010_000 };
const challenge = {
  receipt_id: input.receiptId,
  rows: input.rows,
  deadline_at: input.deadlineAtMs,
};

describe('ChallengeSigner', () => {
  it('gives the very bytes that the project signs with elsewhere', () => {
    const expected = bytesToHex(sign(challengeSignedBytes(challenge), keyPair));
    expect(signer.signHex(input)).toBe(expected);
    expect(signer.publicKeyHex).toBe(bytesToHex(keyPair.publicKey));
  });

  it('binds id, rows and deadline', () => {
    const signed = { ...challenge, challenge_sig_hex: signer.signHex(input) };
    expect(verifyChallenge(signed, keyPair.publicKey)).toBe(true);
    for (const change of [
      { receipt_id: 'ac'.repeat(32) },
      { rows: [3, 6] },
      { deadline_at: input.deadlineAtMs + 1 },
    ]) {
      expect(verifyChallenge({ ...signed, ...change }, keyPair.publicKey)).toBe(false);
    }
  });
});
