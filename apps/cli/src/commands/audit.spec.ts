import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  anchorText,
  archiveLines,
  headSignedBytes,
  INITIAL_HASH,
  ledgerRoot,
  nextHead,
  nextPrevHash,
  type EpochFields,
} from '@tops/audit';
import { bytesToHex, hexToBytes, keyPairFromSeed, sign } from '@tops/crypto';
import { seededBytes } from '@tops/testing';
import { startFakeVerifier, type FakeVerifier } from '../../test/fake-verifier.ts';
import { runInMemory } from '../../test/run-in-memory.ts';

const verifier = keyPairFromSeed(seededBytes(1, 32));
const keyHex = bytesToHex(verifier.publicKey);

/** Two empty epochs, as a verifier without any worker seals them. */
function makeEpochs(): EpochFields[] {
  const epochs: EpochFields[] = [];
  for (const epochId of [7, 8]) {
    const previous = epochs.at(-1);
    const root = ledgerRoot([]);
    const chained = {
      previousPrevHash: previous ? hexToBytes(previous.prev_hash_hex) : INITIAL_HASH,
      previousHead: previous ? hexToBytes(previous.head_hex) : INITIAL_HASH,
    };
    const entropy = seededBytes(epochId, 32);
    const latestHead = INITIAL_HASH;
    const statement = {
      entry_count: 0,
      epoch_id: epochId,
      head_hex: bytesToHex(nextHead({ ...chained, epochId, entryCount: 0, ledgerRoot: root })),
      ledger_root_hex: bytesToHex(root),
      prev_hash_hex: bytesToHex(nextPrevHash({ ...chained, latestHead, epochId, entropy })),
    };
    epochs.push({
      ...statement,
      head_sig_hex: bytesToHex(sign(headSignedBytes(statement), verifier)),
      verifier_key_hex: keyHex,
      opens_at: epochId * 1000,
      closes_at: (epochId + 1) * 1000,
      entropy_hex: bytesToHex(entropy),
      ...(previous === undefined ? {} : { previous_epoch_id: previous.epoch_id }),
    });
  }
  return epochs;
}

const epochs = makeEpochs();
let cwd: string;
let fake: FakeVerifier | undefined;

async function* nothing() {
  // No receipts, no credits.
}

async function archiveText(): Promise<string> {
  let text = '';
  const source = {
    epoch: async (id: number) => epochs.find((epoch) => epoch.epoch_id === id),
    epochsFrom: async function* () {
      yield* epochs;
    },
    receipts: nothing,
    credits: nothing,
  };
  for await (const line of archiveLines({ from: 0 }, source)) text += line;
  return text;
}

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tops-audit-'));
  await writeFile(join(cwd, 'a.jsonl'), await archiveText());
});
afterEach(async () => {
  await fake?.close();
  fake = undefined;
  await rm(cwd, { recursive: true });
});

describe('tops audit', () => {
  it('exits 0 for a sound archive, from a file or standard input', async () => {
    const fromFile = await runInMemory(['audit', 'a.jsonl', '--verifier-key', keyHex], { cwd });
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    expect(fromFile.stdout).toMatch(/epochs +2 \(7 to 8\)\n/);
    expect(fromFile.stdout).toMatch(/outcome +sound\n/);
    const stdin = [new TextEncoder().encode(await archiveText())];
    expect(await runInMemory(['audit', '-'], { stdin })).toMatchObject({ code: 0 });
  });

  it('exits 1 and names place, code and both values, in words or JSON', async () => {
    const altered = (await archiveText()).replace('"closes_at":8000', '"closes_at":8001');
    await writeFile(join(cwd, 'b.jsonl'), altered);
    const { code, stdout } = await runInMemory(['audit', 'b.jsonl'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain('b.jsonl: line 2, epoch 7, chain_hex: chain_mismatch: expected ');
    expect(stdout).toContain('b.jsonl: line 2, epoch 7, opens_at: epoch_times: expected ');
    expect(stdout).toMatch(/outcome +2 findings\n/);
    const json = await runInMemory(['audit', 'b.jsonl', '--json'], { cwd });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      outcome: 'findings',
      finding_count: 2,
      findings: [
        { archive: 'b.jsonl', line: 2, epochId: 7, code: 'chain_mismatch' },
        { code: 'epoch_times', field: 'opens_at' },
      ],
    });
  });

  it('shows a hundred findings and counts the others', async () => {
    await writeFile(join(cwd, 'b.jsonl'), 'junk\n'.repeat(300));
    const { code, stdout } = await runInMemory(['audit', 'b.jsonl'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain('… 201 more');
    expect(stdout.split('\n').filter((line) => line.startsWith('b.jsonl: line'))).toHaveLength(100);
  });

  it('compares with anchors, and expects the key it is given', async () => {
    const anchors = epochs.map((epoch) => `${anchorText(epoch)}\n`).join('');
    await writeFile(join(cwd, 'heads.jsonl'), anchors);
    const good = ['audit', 'a.jsonl', '--anchors', 'heads.jsonl'];
    expect(await runInMemory(good, { cwd })).toMatchObject({ code: 0 });
    await writeFile(
      join(cwd, 'heads.jsonl'),
      anchors.replaceAll(/"head_hex":"./g, '"head_hex":"x'),
    );
    expect((await runInMemory(good, { cwd })).stdout).toContain('anchor_mismatch');
    const other = ['--verifier-key', '00'.repeat(32), '--verifier-key', '11'.repeat(32)];
    const wrongKey = await runInMemory(['audit', 'a.jsonl', ...other], { cwd });
    expect(wrongKey.code).toBe(1);
    expect(wrongKey.stdout).toContain('verifier_key_mismatch');
    const either = ['--verifier-key', '00'.repeat(32), '--verifier-key', keyHex];
    expect(await runInMemory(['audit', 'a.jsonl', ...either], { cwd })).toMatchObject({ code: 0 });
  });

  it('exits 2 for what cannot be read', async () => {
    for (const args of [['nowhere.jsonl'], ['.'], ['a.jsonl', 'nowhere.jsonl']]) {
      expect(await runInMemory(['audit', ...args], { cwd })).toMatchObject({ code: 2, stdout: '' });
    }
  });
});

describe('tops export', () => {
  const published = epochs.map((epoch) => ({ ...epoch, sealed: true }));
  const serve = async () => {
    fake = await startFakeVerifier({
      '/v1/epochs': { body: { epochs: published } },
      ...Object.fromEntries(
        epochs.flatMap(({ epoch_id: id }) => [
          [`/v1/epochs/${id}/receipts`, { body: { receipts: [], next_cursor: null } }],
          [`/v1/epochs/${id}/credits`, { body: { credits: [], next_cursor: null } }],
        ]),
      ),
    });
    return fake.url;
  };

  it('writes what audit takes, to a file or standard output', async () => {
    const url = await serve();
    const piped = await runInMemory(['export', '--epochs', '0..', '--url', url], { cwd });
    expect(piped).toEqual({ code: 0, stdout: await archiveText(), stderr: '' });
    const toFile = ['export', '--epochs', '7..8', '--url', url, '--out', 'sub/b.jsonl'];
    expect(await runInMemory(toFile, { cwd })).toMatchObject({ code: 0, stdout: '' });
    expect(await runInMemory(['audit', 'sub/b.jsonl'], { cwd })).toMatchObject({ code: 0 });
  });

  it('exits 1 when the verifier cannot give it, 2 when it cannot be written, and leaves nothing', async () => {
    const url = await serve();
    const future = ['export', '--epochs', '9..', '--url', url, '--out', 'b.jsonl'];
    published.length = 0;
    expect(await runInMemory(future, { cwd })).toMatchObject({ code: 1, stdout: '' });
    published.push(...epochs.map((epoch) => ({ ...epoch, sealed: true })));
    const unwritable = ['export', '--epochs', '0..', '--url', url, '--out', 'a.jsonl/b.jsonl'];
    const refused = await runInMemory(unwritable, { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('cannot write');
    expect(await readdir(cwd)).toEqual(['a.jsonl']);
  });
});
