import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  base64ToBytes,
  bytesToBase64,
  bytesToHex,
  keyPairFromSeed,
  publicKeyToDid,
} from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import { encodeProof, signReceipt, type UnsignedReceipt } from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { runInMemory } from '../../test/run-in-memory.ts';
import { sampleBundle, sampleKeyPair, type BundleJson } from '../../test/sample-bundle.ts';

const directory = mkdtempSync(join(tmpdir(), 'tops-verify-'));
afterAll(() => rmSync(directory, { recursive: true }));

const shape = { m: 128, n: 64, k: 64 };
const rows = [0, 31, 127];
let unsigned: UnsignedReceipt;
let bundle: BundleJson;

beforeAll(async () => {
  ({ unsigned, bundle } = await sampleBundle(shape, rows));
});

/** Verifies from a file, unless the text is meant for standard input. */
function verify(content: string, flags: readonly string[] = []) {
  writeFileSync(join(directory, 'bundle.json'), content);
  return runInMemory(['verify', 'bundle.json', ...flags], { cwd: directory });
}

/** The bundle with one byte of the base64 field changed. */
function withFlippedByte(field: 'leaves' | 'siblings'): BundleJson {
  const bytes = base64ToBytes(bundle[field]);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return { ...bundle, [field]: bytesToBase64(bytes) };
}

describe('tops verify', () => {
  it('accepts an honest bundle, from a file and from standard input', async () => {
    const fromFile = await verify(JSON.stringify(bundle));
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    expect(fromFile.stdout).toMatch(/^accepted: 3 rows/);
    const bytes = new TextEncoder().encode(JSON.stringify(bundle));
    const stdin = [bytes.subarray(0, 100), bytes.subarray(100)];
    const fromStdin = await runInMemory(['verify', '-', '--json'], { stdin });
    expect(fromStdin.code).toBe(0);
    expect(JSON.parse(fromStdin.stdout)).toMatchObject({
      outcome: 'accepted',
      receipt_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      did: publicKeyToDid(sampleKeyPair.publicKey),
      rows,
    });
  });

  it.each(['leaves', 'siblings'] as const)('rejects an altered byte of the %s', async (field) => {
    const result = await verify(JSON.stringify(withFlippedByte(field)), ['--json']);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      outcome: 'rejected',
      problem: { code: 'proof_malformed' },
    });
  });

  it('rejects a bundle that another key signed, and one with an empty proof', async () => {
    const forged = signReceipt(unsigned, keyPairFromSeed(seededBytes(9, 32)));
    const foreign = await verify(JSON.stringify({ ...bundle, receipt: forged }));
    expect(foreign.code).toBe(1);
    expect(foreign.stdout).toContain('signature_invalid');
    const empty = await verify(JSON.stringify({ ...bundle, leaves: '', siblings: '' }));
    expect(empty.code).toBe(1);
    expect(empty.stdout).toContain('proof_malformed');
  });

  it('rejects a root over rows that were never computed, though it folds and is signed', async () => {
    const prevHash = seededBytes(3, 32);
    const kernel = createReferenceKernel();
    const { publicKey } = sampleKeyPair;
    const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce: 7, shape });
    const commitment = await kernel.commit({ attemptKey, shape });
    const opening = await commitment.open(rows);
    await kernel.close();
    // Work for one beacon, claimed for another.
    const work_root_hex = bytesToHex(commitment.workRoot);
    const receipt = signReceipt({ ...unsigned, work_root_hex }, sampleKeyPair);
    const result = await verify(JSON.stringify({ receipt, rows, ...encodeProof(opening) }));
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('row_mismatch');
  });

  it('rejects rows that no verifier could draw, and has no verdict on another kernel', async () => {
    const twice = await verify(JSON.stringify({ ...bundle, rows: [0, 0, 127] }), ['--json']);
    expect(twice.code).toBe(1);
    expect(JSON.parse(twice.stdout)).toMatchObject({ problem: { code: 'rows_invalid' } });
    const receipt = signReceipt({ ...unsigned, kernel_ver: 'gemm_v9' }, sampleKeyPair);
    const newer = await verify(JSON.stringify({ ...bundle, receipt }));
    expect(newer).toMatchObject({ code: 2, stdout: '' });
    expect(newer.stderr).toContain('kernel_ver_unsupported');
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['another JSON', '{}'],
    ['nothing', ''],
    ['a duplicate key', '{"rows":[1],"rows":[1]}'],
    ['invalid UTF-8', Buffer.from([0xff, 0xfe]).toString('latin1')],
  ])('finds %s unusable', async (_name, content) => {
    const result = await verify(content);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('not a bundle');
  });

  it('finds unusable what is not there, a directory, and what never ends', async () => {
    expect((await runInMemory(['verify', 'none.json'], { cwd: directory })).code).toBe(2);
    expect((await runInMemory(['verify', '.'], { cwd: directory })).code).toBe(2);
    const chunk = new Uint8Array(1 << 20).fill(0x20);
    const endless = Array.from({ length: 9 }, () => chunk);
    const result = await runInMemory(['verify', '-'], { stdin: endless });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('longer than');
  });

  it('recomputes no weights beyond its bound', async () => {
    expect((await verify(JSON.stringify(bundle), ['--max-weights', '8192'])).code).toBe(0);
    const large = { ...bundle.receipt.sizes, n: 128 };
    const receipt = signReceipt({ ...unsigned, sizes: large }, sampleKeyPair);
    const text = JSON.stringify({ ...bundle, receipt });
    const result = await verify(text, ['--max-weights', '8192']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('shape_over_limit');
  });
});
