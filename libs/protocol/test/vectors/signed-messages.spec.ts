import { describe, expect, it } from '@jest/globals';
import { hexToBytes, keyPairFromSeed, sign, bytesToHex, verifyStrict } from '@tops/crypto';
import {
  challengeSignedBytes,
  parseReceipt,
  receiptIdOf,
  receiptSignedBytes,
  signReceipt,
  verifyChallenge,
} from '../../src/index.ts';
import { expectValue } from '../expect-parsed.ts';

// Made apart from this code, with Python 3.11: json.dumps(sort_keys, separators), Ed25519 of `cryptography` 48 and a
// BLAKE3 written from its paper. Seeds are the bytes 00…1f (worker) and 20…3f (verifier).
const worker = keyPairFromSeed(Uint8Array.from({ length: 32 }, (_, i) => i));
const verifier = keyPairFromSeed(Uint8Array.from({ length: 32 }, (_, i) => 32 + i));
const unsigned = {
  kernel_ver: 'gemm_int8_relu_q_v2',
  device_did: 'did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd',
  public_key_hex: '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
  epoch_id: 29_400_123,
  prev_hash_hex: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf',
  nonce: 9_007_199_254_740_991,
  sizes: { m: 16_384, n: 1024, k: 512 },
  work_root_hex: 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
  time_ms: 298,
  driver_hint: 'cpu:wasm-simd "x"\\/',
};
const receiptId = '65095d68ec9ca93ab73b5e390f58307c38732d2a9b7fbdea4e4475b964098634';

describe('signed messages', () => {
  it('a receipt: signed bytes, id and signature', () => {
    const text = String.raw`{"device_did":"did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd","driver_hint":"cpu:wasm-simd \"x\"\\/","epoch_id":29400123,"kernel_ver":"gemm_int8_relu_q_v2","nonce":9007199254740991,"prev_hash_hex":"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf","public_key_hex":"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8","sizes":{"k":512,"m":16384,"n":1024},"time_ms":298,"work_root_hex":"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}`;
    const signedBytes = receiptSignedBytes(unsigned);
    expect(new TextDecoder().decode(signedBytes)).toBe(`tops-worker receipt v2\n${text}`);
    expect(receiptIdOf(signedBytes)).toBe(receiptId);

    const receipt = signReceipt(unsigned, worker);
    expect(receipt.sig_hex).toBe(
      '7ea62b919b61e2468125d3b114eeb0e3541b85a15b34475c32070886ebb5b6a9bfe796f619166f36b9929b35ee63888d8fc958c37653f2500657a10a9ed75305',
    );
    const parsed = expectValue(parseReceipt(receipt));
    expect(parsed.receiptId).toBe(receiptId);
    const { publicKey, signature } = parsed;
    expect(verifyStrict({ publicKey, message: signedBytes, signature })).toBe('valid');
  });

  it('a challenge: signature', () => {
    const unsignedChallenge = {
      receipt_id: receiptId,
      rows: [0, 7, 16_383],
      deadline_at: 1_767_225_610_000,
    };
    const challenge_sig_hex =
      '6e2ee18d456e2f4aaafc0de48cf3db37c128f1b484a19f43f2816f9abf453bfa186aca1f6f7f17d842423b91d8eb0a12bd508f210332d4f821c630713bef6f05';
    const signedBytes = challengeSignedBytes(unsignedChallenge);
    expect(bytesToHex(sign(signedBytes, verifier))).toBe(challenge_sig_hex);
    const verifierKey = hexToBytes(
      '29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7',
    );
    const challenge = { ...unsignedChallenge, challenge_sig_hex };
    expect(verifyChallenge(challenge, verifierKey)).toBe(true);
    expect(verifyChallenge({ ...challenge, rows: [0, 7] }, verifierKey)).toBe(false);
    expect(verifyChallenge({ ...challenge, deadline_at: 1 }, verifierKey)).toBe(false);
    expect(verifyChallenge(challenge, worker.publicKey)).toBe(false);
  });
});
