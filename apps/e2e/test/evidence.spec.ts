import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EvidenceMessage, Receipt } from '@tops/protocol';
import { ManualWorker } from '../src/manual-worker.ts';
import { TestNetwork } from '../src/network.ts';
import { runCli } from '../src/run-cli.ts';

const shape = { m: 320, n: 64, k: 64 };
const everyRow = new Set(Array.from({ length: shape.m }, (_, row) => row));

let network: TestNetwork;
let verifierKeyHex: string;

beforeAll(async () => {
  network = await TestNetwork.start({ AUDIT_ROWS_MIN: '8', AUDIT_ROWS_MAX: '8' });
});

afterAll(() => network?.close());

/** Submits an attempt with these rows left out, and answers whatever it is asked. */
async function submit(
  skippedRows: ReadonlySet<number>,
): Promise<{ id: string; row: number | undefined }> {
  const worker = new ManualWorker(shape);
  const epoch = await network.client.getEpoch();
  if (!epoch.ok) throw new Error(epoch.problem.detail);
  verifierKeyHex = epoch.value.verifier_key_hex;
  const attempt = await worker.attempt(epoch.value, skippedRows);
  const challenge = await network.client.submitReceipt(attempt.receipt);
  if (!challenge.ok) throw new Error(challenge.problem.detail);
  const { receipt_id: id } = challenge.value;
  const verdict = await network.client.submitProof(id, attempt.prove(challenge.value));
  return { id, row: verdict.ok ? undefined : verdict.problem.row };
}

const evidenceOf = (id: string) => fetch(`${network.baseUrl}/v1/receipts/${id}/evidence`);

async function verify(evidence: unknown, flags: readonly string[] = []) {
  await writeFile(join(network.dataDir, 'evidence.json'), JSON.stringify(evidence));
  return runCli(['verify', 'evidence.json', ...flags], network.dataDir);
}

describe('evidence against a worker that answers with rows it never computed', () => {
  let evidence: EvidenceMessage;
  let row: number | undefined;

  beforeAll(async () => {
    const caught = await submit(everyRow);
    row = caught.row;
    const response = await evidenceOf(caught.id);
    expect(response.status).toBe(200);
    evidence = (await response.json()) as EvidenceMessage;
  });

  it('shows anybody which row, with no verifier', async () => {
    expect(row).toEqual(expect.any(Number));
    expect(evidence).toMatchObject({ mismatch_row: row, verifier_key_hex: verifierKeyHex });
    const result = await verify(evidence, ['--verifier-key', verifierKeyHex]);
    expect(result).toMatchObject({ code: 3, stderr: '' });
    expect(result.stdout).toContain(`row ${row} contradicts`);
    const json = await verify(evidence, ['--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'contradicted', row });
  }, 30_000);

  it('survives a restart of the verifier', async () => {
    await network.verifier.stop('SIGKILL');
    await network.restartVerifier();
    const { receipt_id: id } = JSON.parse((await verify(evidence, ['--json'])).stdout) as {
      receipt_id: string;
    };
    expect(await (await evidenceOf(id)).json()).toEqual(evidence);
  }, 60_000);

  it('is refused once altered, and says what was', async () => {
    const receipt: Receipt = { ...evidence.receipt, nonce: evidence.receipt.nonce + 1 };
    const altered: [object, string][] = [
      [{ receipt }, 'sig_hex'],
      [{ deadline_at: evidence.deadline_at + 60_000 }, 'challenge_sig_hex'],
      [{ mismatch_row: 320 }, 'mismatch_row'],
      [{ verifier_key_hex: evidence.receipt.public_key_hex }, 'challenge_sig_hex'],
      [{ leaves: evidence.siblings.slice(0, 44) + evidence.leaves.slice(44) }, 'leaves'],
    ];
    for (const [change, field] of altered) {
      const result = await verify({ ...evidence, ...change });
      expect([field, result.code, result.stdout.includes(field)]).toEqual([field, 1, true]);
      expect(result.stdout).toMatch(/^malformed: /);
    }
    expect((await verify(evidence, ['--verifier-key', '11'.repeat(32)])).code).toBe(1);
  }, 60_000);

  it('is not there for an honest worker (control), nor for a receipt nobody sent', async () => {
    const honest = await submit(new Set());
    expect(honest.row).toBeUndefined();
    const none = await evidenceOf(honest.id);
    expect([none.status, ((await none.json()) as { code: string }).code]).toEqual([
      ...[404, 'evidence_not_found'],
    ]);
    const unknown = await evidenceOf('00'.repeat(32));
    expect([unknown.status, ((await unknown.json()) as { code: string }).code]).toEqual([
      ...[404, 'receipt_not_found'],
    ]);
  });
});
