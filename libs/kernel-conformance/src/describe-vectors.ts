import { describe, expect, it } from '@jest/globals';
import { bytesToHex, foldMultiproof, hexToBytes, workTreeHasher } from '@tops/crypto';
import { deriveAttemptKey, type Attempt } from '@tops/kernel-spec';
import type { KernelUnderTest, Subjects } from './kernel-conformance.ts';

/** One published case, as protocol-vectors.json writes it. */
export interface KernelVector {
  readonly name: string;
  readonly prev_hash_hex: string;
  readonly public_key_hex: string;
  readonly nonce: number;
  readonly sizes: { readonly m: number; readonly n: number; readonly k: number };
  readonly leaf0_hex: string;
  readonly leaf_last_hex: string;
  readonly work_root_hex: string;
  readonly rows: readonly number[];
  readonly leaves_hex: string;
  readonly siblings_hex: string;
}

function attemptOf(vector: KernelVector): Attempt {
  const attemptKey = deriveAttemptKey({
    prevHash: hexToBytes(vector.prev_hash_hex),
    publicKey: hexToBytes(vector.public_key_hex),
    nonce: vector.nonce,
    shape: vector.sizes,
  });
  return { attemptKey, shape: vector.sizes };
}

/** The protocol's vectors (docs/protocol.md), from attempt to the answer of a challenge. */
export function describeVectors(underTest: KernelUnderTest, { kernel }: Subjects): void {
  describe('protocol vectors', () => {
    for (const vector of underTest.vectors) {
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
