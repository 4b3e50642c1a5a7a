import { describe, expect, it } from '@jest/globals';
import { bytesToHex, foldMultiproof, hexToBytes, workTreeHasher } from '@tops/crypto';
import { deriveAttemptKey, type Attempt } from '@tops/kernel-spec';
import { protocolVectors, type ProtocolVector } from '@tops/testing';
import type { Subjects } from './kernel-under-test.ts';

function attemptOf(vector: ProtocolVector): Attempt {
  const attemptKey = deriveAttemptKey({
    prevHash: hexToBytes(vector.prev_hash_hex),
    publicKey: hexToBytes(vector.public_key_hex),
    nonce: vector.nonce,
    shape: vector.sizes,
  });
  return { attemptKey, shape: vector.sizes };
}

/** The protocol's vectors (docs/protocol.md), from attempt to the answer of a challenge. */
export function describeVectors({ kernel }: Subjects): void {
  describe('protocol vectors', () => {
    for (const vector of protocolVectors) {
      it(`${vector.name}: root, opening and single leaves`, async () => {
        const attempt = attemptOf(vector);
        const commitment = await kernel().commit(attempt);
        expect(bytesToHex(commitment.workRoot)).toBe(vector.work_root_hex);

        const opening = await commitment.open(vector.rows);
        expect(bytesToHex(opening.leaves)).toBe(vector.leaves_hex);
        expect(bytesToHex(opening.siblings)).toBe(vector.siblings_hex);
        const root = foldMultiproof(
          { leafCount: vector.sizes.m, rows: vector.rows, ...opening },
          workTreeHasher,
        );
        expect(root && bytesToHex(root)).toBe(vector.work_root_hex);

        const ends = await kernel().computeLeaves(attempt, [0, vector.sizes.m - 1]);
        expect(bytesToHex(ends)).toBe(vector.leaf0_hex + vector.leaf_last_hex);
      });
    }
  });
}
