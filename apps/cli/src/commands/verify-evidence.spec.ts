import { beforeAll, describe, expect, it } from '@jest/globals';
import { base64ToBytes, bytesToBase64, bytesToHex, keyPairFromSeed } from '@tops/crypto';
import type { EvidenceMessage } from '@tops/protocol';
import { fcParameters, seededBytes } from '@tops/testing';
import fc from 'fast-check';
import { runInMemory } from '../../test/run-in-memory.ts';
import { otherHex, sampleEvidence, sampleVerifierKey } from '../../test/sample-evidence.ts';

const rows = [3, 31, 64, 127];
const verifierKeyHex = bytesToHex(sampleVerifierKey.publicKey);
let cheat: EvidenceMessage;
let sound: EvidenceMessage;

beforeAll(async () => {
  cheat = await sampleEvidence({ rows, wrongRows: [31, 90], mismatchRow: 31 });
  sound = await sampleEvidence({ rows, wrongRows: [90], mismatchRow: 31 });
});

async function verify(evidence: unknown, flags: readonly string[] = []) {
  const stdin = [new TextEncoder().encode(JSON.stringify(evidence))];
  const args = ['verify', '-', '--max-weights', '8192', ...flags];
  const result = await runInMemory(args, { stdin });
  const isJson = flags.includes('--json') && result.stdout !== '';
  return { ...result, json: (isJson ? JSON.parse(result.stdout) : undefined) as unknown };
}

function withFlippedByte(base64: string): string {
  const bytes = base64ToBytes(base64);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return bytesToBase64(bytes);
}

describe('tops verify of evidence', () => {
  it('says that a row contradicts, which, and by whose challenge', async () => {
    const result = await verify(cheat);
    expect(result).toMatchObject({ code: 3, stderr: '' });
    expect(result.stdout).toMatch(/^cheat: row 31 contradicts the root the worker signed; receipt/);
    expect(result.stdout).toContain(`${verifierKeyHex}, which the bundle itself names`);
    const known = await verify(cheat, ['--json', '--verifier-key', verifierKeyHex]);
    expect(known.code).toBe(3);
    expect(known.json).toMatchObject({
      outcome: 'contradicted',
      ...{ row: 31, rows, verifier_key_known: true, verifier_key_hex: verifierKeyHex },
      deadline_at: cheat.deadline_at,
    });
    const text = await verify(cheat, ['--verifier-key', verifierKeyHex]);
    expect(text.stdout).not.toContain('which the bundle itself names');
  });

  it('says that nothing is shown where every row is right', async () => {
    const result = await verify(sound);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^sound: 4 rows recomputed and equal, the one accused too/);
    expect((await verify(sound, ['--json'])).json).toMatchObject({ outcome: 'sound' });
  });

  it('does not take a right row for the one that contradicts', async () => {
    const result = await verify({ ...cheat, mismatch_row: 64 }, ['--json']);
    expect(result.code).toBe(1);
    expect(result.json).toMatchObject({
      outcome: 'malformed',
      problem: { field: 'mismatch_row', row: 31 },
    });
  });

  const changes: [string, (good: EvidenceMessage) => object, string, string][] = [
    ['rows', () => ({ rows: [3, 31, 64, 126] }), 'proof_malformed', 'leaves and siblings'],
    ['fewer rows', () => ({ rows: [3, 31, 64] }), 'proof_malformed', 'leaves'],
    [
      'deadline_at',
      (good) => ({ deadline_at: good.deadline_at + 1 }),
      'signature_invalid',
      'deadline_at',
    ],
    [
      'challenge_sig_hex',
      (good) => ({ challenge_sig_hex: otherHex(good.challenge_sig_hex) }),
      'signature_',
      'challenge_sig_hex',
    ],
    [
      'another verifier key',
      () => ({ verifier_key_hex: bytesToHex(keyPairFromSeed(seededBytes(12, 32)).publicKey) }),
      'signature_invalid',
      'challenge_sig_hex',
    ],
    [
      'a key that is none',
      () => ({ verifier_key_hex: '00'.repeat(32) }),
      'public_key_invalid',
      'verifier_key_hex',
    ],
    ['leaves', (good) => ({ leaves: withFlippedByte(good.leaves) }), 'proof_malformed', 'leaves'],
    [
      'siblings',
      (good) => ({ siblings: withFlippedByte(good.siblings) }),
      'proof_malformed',
      'siblings',
    ],
    ['a row not challenged', () => ({ mismatch_row: 90 }), 'rows_invalid', 'mismatch_row'],
    [
      'the receipt',
      (good) => ({ receipt: { ...good.receipt, nonce: 8 } }),
      'signature_invalid',
      'sig_hex',
    ],
  ];

  it.each(changes)(
    'finds altered %s malformed, and names it',
    async (_name, change, code, field) => {
      const result = await verify({ ...cheat, ...change(cheat) });
      expect(result).toMatchObject({ code: 1, stderr: '' });
      expect(result.stdout).toMatch(/^malformed: /);
      expect(result.stdout).toContain(code);
      expect(result.stdout).toContain(field);
    },
  );

  it('refuses rows that the verifier did not draw, though the worker signed their root', async () => {
    const other = await sampleEvidence({
      rows: [3, 31, 64, 126],
      wrongRows: [31, 90],
      mismatchRow: 31,
    });
    const { challenge_sig_hex } = cheat;
    const result = await verify({ ...other, challenge_sig_hex }, ['--json']);
    expect(result.code).toBe(1);
    expect(result.json).toMatchObject({
      problem: { code: 'signature_invalid', field: 'challenge_sig_hex' },
    });
    // The control: in its own challenge the same is evidence.
    expect((await verify(other)).code).toBe(3);
  });

  it('holds evidence to the key that was named, and takes no bundle for evidence', async () => {
    const stranger = keyPairFromSeed(seededBytes(12, 32));
    const made = await sampleEvidence({
      rows,
      wrongRows: [31],
      mismatchRow: 31,
      verifierKey: stranger,
    });
    expect((await verify(made)).code).toBe(3);
    const refused = await verify(made, ['--json', '--verifier-key', verifierKeyHex]);
    expect(refused.code).toBe(1);
    expect(refused.json).toMatchObject({ problem: { field: 'verifier_key_hex' } });
    const { receipt, leaves, siblings } = cheat;
    const bundle = { receipt, rows, leaves, siblings };
    const asBundle = await verify(bundle);
    expect(asBundle.code).toBe(1);
    expect(asBundle.stdout).toMatch(/^rejected: row_mismatch/);
    expect(await verify(bundle, ['--verifier-key', verifierKeyHex])).toMatchObject({
      code: 2,
      stdout: '',
    });
  });

  it('finds unusable what lacks a field, has one too many, or one of another type', async () => {
    for (const name of Object.keys(cheat)) {
      const absent = Object.fromEntries(Object.entries(cheat).filter(([key]) => key !== name));
      const result = await verify(absent);
      expect([name, result.code, result.stderr.includes(name)]).toEqual([name, 2, true]);
    }
    expect((await verify({ ...cheat, note: 'x' })).code).toBe(2);
    expect((await verify({ ...cheat, deadline_at: 'soon' })).code).toBe(2);
    expect((await verify({ ...cheat, verifier_key_hex: 'ABC' })).code).toBe(2);
  });

  it('never shows a cheat once a byte of the text was changed to say something else', async () => {
    const text = JSON.stringify(cheat);
    const good = JSON.stringify(JSON.parse(text));
    const flip = fc.record({
      at: fc.nat({ max: text.length - 1 }),
      to: fc.integer({ min: 32, max: 126 }),
    });
    await fc.assert(
      fc.asyncProperty(flip, async ({ at, to }) => {
        const changed = text.slice(0, at) + String.fromCharCode(to) + text.slice(at + 1);
        const stdin = [new TextEncoder().encode(changed)];
        const { code, stderr } = await runInMemory(['verify', '-', '--max-weights', '8192'], {
          stdin,
        });
        const isSame = isJsonEqual(changed, good);
        if (isSame) expect(code).toBe(3);
        else expect([1, 2]).toContain(code);
        if (code === 2) expect(stderr).toMatch(/^tops: (not a bundle|cannot be checked here): /);
      }),
      fcParameters(150),
    );
  });
});

function isJsonEqual(text: string, good: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === good;
  } catch {
    return false;
  }
}
