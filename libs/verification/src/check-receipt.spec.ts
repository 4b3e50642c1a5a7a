import { bytesToHex } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import type { ParsedReceipt } from '@tops/protocol';
import { beacon, commitPlainly, EPOCH_ID, workerKeyPair } from '../test/plain-worker.ts';
import { checkReceipt, type ReceiptContext } from './check-receipt.ts';

const context: ReceiptContext = {
  limits: { min_rows: 64, max_weights: 8192 },
  epochs: [
    { epochId: EPOCH_ID - 1, prevHash: new Uint8Array(32).fill(1) },
    { epochId: EPOCH_ID, prevHash: beacon },
  ],
  currentEpochId: EPOCH_ID,
  allowedKeys: new Set(),
  skipSignatures: false,
};
const good = commitPlainly().parsed;
const codeOf = (parsed: ParsedReceipt, change: Partial<ReceiptContext> = {}) =>
  checkReceipt(parsed, { ...context, ...change })?.code;

function signed(change: Partial<ParsedReceipt['receipt']>): ParsedReceipt {
  return commitPlainly({ change }).parsed;
}

/** As good as `good`, but for a byte of what was parsed. */
function tampered(field: 'signature' | 'publicKey', at: number, xor: number): ParsedReceipt {
  const bytes = good[field].slice();
  bytes[at]! ^= xor;
  return { ...good, [field]: bytes };
}

describe('checkReceipt', () => {
  it('takes a receipt with nothing wrong, of the current epoch or one in its grace time', () => {
    expect(checkReceipt(good, context)).toBeUndefined();
    const previous = signed({ epoch_id: EPOCH_ID - 1, prev_hash_hex: '01'.repeat(32) });
    expect(checkReceipt(previous, context)).toBeUndefined();
  });

  it('names another kernel version', () => {
    const other = { ...good, receipt: { ...good.receipt, kernel_ver: 'gemm_int8_relu_q_v1' } };
    expect(codeOf(other)).toBe('kernel_ver_unsupported');
  });

  it('holds shapes to the limits, inclusive', () => {
    expect(codeOf(good, { limits: { min_rows: 65, max_weights: 8192 } })).toBe(
      'shape_below_min_rows',
    );
    expect(codeOf(good, { limits: { min_rows: 64, max_weights: 8191 } })).toBe('shape_over_limit');
  });

  it('holds keys to the allow-list when there is one', () => {
    expect(codeOf(good, { allowedKeys: new Set(['00'.repeat(32)]) })).toBe('key_not_allowed');
    const listed = new Set([bytesToHex(workerKeyPair.publicKey)]);
    expect(codeOf(good, { allowedKeys: listed })).toBeUndefined();
  });

  it('checks the signature strictly, unless told to skip it', () => {
    expect(codeOf(tampered('signature', 33, 1))).toBe('signature_invalid');
    // 2^252 and more cannot be a canonical S (RFC 8032, 5.1.7).
    expect(codeOf(tampered('signature', 63, 0xf0))).toBe('signature_non_canonical');
    const smallOrder = { ...good, publicKey: new Uint8Array(32).fill(0).fill(1, 0, 1) };
    expect(codeOf(smallOrder)).toBe('public_key_invalid');
    expect(codeOf(tampered('signature', 33, 1), { skipSignatures: true })).toBeUndefined();
  });

  it('tells epochs to come from epochs that are over', () => {
    expect(codeOf(signed({ epoch_id: EPOCH_ID + 1 }))).toBe('epoch_unknown');
    expect(codeOf(signed({ epoch_id: EPOCH_ID - 2 }))).toBe('epoch_closed');
    const graceOver = { epochs: context.epochs.slice(1) };
    const previous = signed({ epoch_id: EPOCH_ID - 1, prev_hash_hex: '01'.repeat(32) });
    expect(codeOf(previous, graceOver)).toBe('epoch_closed');
  });

  it('holds the beacon to the epoch it is named with', () => {
    expect(codeOf(signed({ epoch_id: EPOCH_ID - 1 }))).toBe('prev_hash_mismatch');
    expect(codeOf(signed({ prev_hash_hex: '02'.repeat(32) }))).toBe('prev_hash_mismatch');
  });

  it('reports the first problem in the documented order', () => {
    const all = { ...signed({ epoch_id: EPOCH_ID + 9 }), signature: new Uint8Array(64).fill(9) };
    const strict = {
      limits: { min_rows: 4096, max_weights: 1 },
      allowedKeys: new Set(['00'.repeat(32)]),
    };
    expect(codeOf(all, strict)).toBe('shape_below_min_rows');
    expect(codeOf(all, { ...strict, limits: context.limits })).toBe('key_not_allowed');
    expect(codeOf(all)).toBe('signature_invalid');
    expect(codeOf(all, { skipSignatures: true })).toBe('epoch_unknown');
  });
});
