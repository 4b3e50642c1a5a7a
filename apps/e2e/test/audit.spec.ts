import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualWorker } from '../src/manual-worker.ts';
import { TestNetwork } from '../src/network.ts';
import { runCli, type CliResult } from '../src/run-cli.ts';

const shape = { m: 64, n: 64, k: 64 };
let network: TestNetwork;
/** The epochs that hold everything below, all sealed. */
let epochs: { first: number; last: number };
let acceptedId: string;

interface Epoch {
  readonly epoch_id: number;
  readonly head_sig_hex?: string;
  readonly verifier_key_hex?: string;
}

async function getJson<T>(path: string): Promise<T> {
  return (await (await fetch(`${network.baseUrl}${path}`)).json()) as T;
}

/** Commits and answers; returns the receipt's id and what became of it. */
async function earn(worker: ManualWorker, skippedRows: ReadonlySet<number> = new Set()) {
  const epoch = await network.client.getEpoch();
  if (!epoch.ok) throw new Error(epoch.problem.detail);
  const attempt = await worker.attempt(epoch.value, skippedRows);
  const challenge = await network.client.submitReceipt(attempt.receipt);
  if (!challenge.ok) throw new Error(`${challenge.problem.code}: ${challenge.problem.detail}`);
  const { receipt_id } = challenge.value;
  const verdict = await network.client.submitProof(receipt_id, attempt.prove(challenge.value));
  return { receipt_id, epochId: epoch.value.epoch_id, isAccepted: verdict.ok };
}

async function waitUntilSigned(epochId: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await getJson<Epoch>(`/v1/epochs/${epochId}`)).head_sig_hex === undefined) {
    if (Date.now() > deadline) throw new Error(`epoch ${epochId} was not signed in a minute`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const tops = (...args: string[]): Promise<CliResult> => runCli(args, network.dataDir);

beforeAll(async () => {
  network = await TestNetwork.start({
    EPOCH_SECONDS: '3',
    GRACE_SECONDS: '1',
    CHALLENGE_DEADLINE_MS: '1000',
    HEAD_ANCHOR_FILE: 'heads.jsonl',
  });
  const worker = await network.startWorker();
  await worker.waitForRecord((record) => record.message === 'receipt accepted');
  const accepted = await earn(new ManualWorker(shape));
  expect(accepted.isAccepted).toBe(true);
  acceptedId = accepted.receipt_id;
  const cheat = new ManualWorker(shape);
  await earn(cheat);
  const rows = new Set(Array.from({ length: shape.m }, (_, row) => row));
  const rejected = await earn(cheat, rows);
  expect(rejected.isAccepted).toBe(false);
  // A verifier that is killed goes on with the same history, and anchors each head once.
  await network.verifier.stop('SIGKILL');
  await network.restartVerifier();
  const again = await earn(new ManualWorker(shape));
  await worker.stop();
  await waitUntilSigned(again.epochId);
  const { epochs: all } = await getJson<{ epochs: Epoch[] }>('/v1/epochs?from=0');
  epochs = { first: all[0]!.epoch_id, last: again.epochId };
}, 120_000);

afterAll(() => network?.close());

describe('export and audit', () => {
  it('an archive of everything replays, every stored proof recomputed, heads as anchored', async () => {
    const range = `${epochs.first}..${epochs.last}`;
    const written = await tops(
      ...['export', '--epochs', range, '--url', network.baseUrl, '--out', 'all.jsonl'],
    );
    expect(written).toMatchObject({ code: 0, stdout: '' });
    const key = (await getJson<Epoch>(`/v1/epochs/${epochs.last}`)).verifier_key_hex!;
    const audited = await tops(
      ...['audit', 'all.jsonl', '--recompute', '--anchors', 'heads.jsonl'],
      ...['--verifier-key', key, '--json'],
    );
    expect(audited.stderr).toBe('');
    expect(JSON.parse(audited.stdout)).toMatchObject({
      ...{ outcome: 'sound', finding_count: 0, findings: [] },
      ...{ first_epoch_id: epochs.first, last_epoch_id: epochs.last, verifier_keys: [key] },
      ...{ proofs_folded: 1, proofs_recomputed: 1, proofs_missing: 0 },
    });
    expect(audited.code).toBe(0);
    const anchored = (await readFile(join(network.dataDir, 'heads.jsonl'), 'utf8')).trimEnd();
    const ids = anchored.split('\n').map((line) => (JSON.parse(line) as Epoch).epoch_id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids).toEqual(expect.arrayContaining([epochs.first, epochs.last]));
  }, 60_000);

  it('a part of it replays alone, and through a pipe', async () => {
    const out = await tops('export', '--epochs', `${epochs.last}..`, '--url', network.baseUrl);
    expect(out.code).toBe(0);
    await writeFile(join(network.dataDir, 'part.jsonl'), out.stdout);
    expect(await tops('audit', 'part.jsonl')).toMatchObject({ code: 0 });
  }, 60_000);

  it('one altered byte is found and named', async () => {
    const bytes = await readFile(join(network.dataDir, 'all.jsonl'));
    const lines = bytes.toString('utf8').split('\n');
    const lineIndex = lines.findIndex((line) => line.includes(acceptedId));
    const field = '"settled_at":';
    const at = bytes.indexOf(field, bytes.indexOf(acceptedId)) + field.length + 3;
    bytes[at]! ^= 1;
    await writeFile(join(network.dataDir, 'altered.jsonl'), bytes);
    const audited = await tops('audit', 'altered.jsonl');
    expect(audited.code).toBe(1);
    expect(audited.stdout).toContain(`altered.jsonl: line ${lineIndex + 1}, epoch`);
    expect(audited.stdout).toContain(`receipt ${acceptedId}, chain_hex: chain_mismatch`);
  }, 60_000);

  it('a receipt has a proof of inclusion in its sealed epoch', async () => {
    const proof = await getJson<{ entry: object; path: string[]; ledger_root_hex: string }>(
      `/v1/receipts/${acceptedId}/inclusion`,
    );
    expect(proof.entry).toMatchObject({ receipt_id: acceptedId, outcome: 'accepted' });
    const archive = await readFile(join(network.dataDir, 'all.jsonl'), 'utf8');
    expect(archive).toContain(`"ledger_root_hex":"${proof.ledger_root_hex}"`);
  });

  it('what cannot be exported leaves no file, and says why', async () => {
    const future = `${epochs.last + 100_000}..${epochs.last + 100_001}`;
    const refused = await tops(
      ...['export', '--epochs', future, '--url', network.baseUrl, '--out', 'none.jsonl'],
    );
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('no sealed epoch');
    await expect(readFile(join(network.dataDir, 'none.jsonl'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  }, 60_000);
});
