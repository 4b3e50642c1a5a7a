import { hexToBytes } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import type { ParsedReceipt } from '@tops/protocol';
import { fcParameters, protocolVectors } from '@tops/testing';
import fc from 'fast-check';
import { commitPlainly, TINY } from '../test/plain-worker.ts';
import { checkProofFold } from './check-proof-fold.ts';

const tall = commitPlainly({ shape: { ...TINY, m: 192 } });
const rowsOf = fc
  .uniqueArray(fc.nat({ max: 191 }), { minLength: 1, maxLength: 64 })
  .map((rows) => rows.sort((a, b) => a - b));

describe('checkProofFold', () => {
  // The answers of the protocol's own vectors (libs/testing/vectors).
  it.each(protocolVectors)('takes the answer of the vector $name', (vector) => {
    const parsed: ParsedReceipt = {
      ...tall.parsed,
      receipt: { ...tall.parsed.receipt, sizes: vector.sizes },
      workRoot: hexToBytes(vector.work_root_hex),
    };
    const leaves = hexToBytes(vector.leaves_hex);
    const siblings = hexToBytes(vector.siblings_hex);
    const { rows } = vector;
    expect(checkProofFold({ parsed, rows, leaves, siblings })).toBeUndefined();
    const otherRows = rows.map((row, index) => (index === 0 ? row ^ 1 : row));
    if (otherRows[0]! < (otherRows[1] ?? Infinity)) {
      const problem = checkProofFold({ parsed, rows: otherRows, leaves, siblings });
      expect(problem?.code).toBe('proof_malformed');
    }
  });

  it('takes the opening of any rows, and no mutant of it', () => {
    fc.assert(
      fc.property(rowsOf, fc.nat(), fc.integer({ min: 1, max: 255 }), (rows, at, xor) => {
        const { leaves, siblings } = tall.open(rows);
        const { parsed } = tall;
        expect(checkProofFold({ parsed, rows, leaves, siblings })).toBeUndefined();
        for (const field of ['leaves', 'siblings'] as const) {
          const bytes = { leaves, siblings }[field];
          if (bytes.length === 0) continue;
          const altered = bytes.slice();
          altered[at % altered.length]! ^= xor;
          const mutants = [
            altered,
            bytes.subarray(32),
            bytes.subarray(0, -1),
            new Uint8Array([...bytes, ...bytes.subarray(0, 32)]),
            new Uint8Array(0),
          ];
          for (const mutant of mutants) {
            const proof = { leaves, siblings, [field]: mutant };
            expect(checkProofFold({ parsed, rows, ...proof })?.code).toBe('proof_malformed');
          }
        }
      }),
      fcParameters(60),
    );
  });

  it('says which part has the wrong length', () => {
    const rows = [3, 100];
    const { leaves, siblings } = tall.open(rows);
    const { parsed } = tall;
    expect(checkProofFold({ parsed, rows, leaves: new Uint8Array(0), siblings })).toEqual({
      code: 'proof_malformed',
      detail: 'expected 2 hashes (64 bytes), got 0 bytes',
      field: 'leaves',
    });
    const surplus = new Uint8Array(siblings.length + 32);
    expect(checkProofFold({ parsed, rows, leaves, siblings: surplus })?.field).toBe('siblings');
  });

  it('does not take the answer of another receipt', () => {
    const rows = [3, 100];
    const other = commitPlainly({ shape: { ...TINY, m: 192 }, nonce: 1 });
    const opening = other.open(rows);
    expect(checkProofFold({ parsed: other.parsed, rows, ...opening })).toBeUndefined();
    expect(checkProofFold({ parsed: tall.parsed, rows, ...opening })?.code).toBe('proof_malformed');
  });
});
