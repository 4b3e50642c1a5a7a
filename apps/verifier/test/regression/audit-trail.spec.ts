import { afterEach, describe, expect, it } from '@jest/globals';
import { verifyInclusion, type InclusionProof } from '@tops/audit';
import { bytesToHex } from '@tops/crypto';
import { shapeOps } from '@tops/protocol';
import { auditLines, exportLines, makeEpoch, sealEpoch } from '../audited-history.ts';
import { TestVerifier, verifierKey } from '../test-verifier.ts';
import { TestWorker, tinyShape } from '../test-worker.ts';

let test: TestVerifier | undefined;

afterEach(async () => {
  await test?.close();
  test = undefined;
});

const keyHex = bytesToHex(verifierKey.publicKey);

describe('the audit trail of a verifier', () => {
  it('exports what replays without a finding, whole and in parts', async () => {
    test = await TestVerifier.start();
    const made = [];
    for (let i = 0; i < 4; i++) made.push(await makeEpoch(test, 10 + 2 * i));
    const [first, second, third, fourth] = made.map(({ epochId }) => epochId);

    const whole = await exportLines(test, { from: 0 });
    const { findings, summary } = await auditLines([whole], { verifierKeys: [keyHex] });
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({
      ...{ epochCount: 4, receiptCount: 20, proofsRecomputed: 4, proofsMissing: 0 },
      ...{ firstEpochId: first, lastEpochId: fourth, verifierKeys: [keyHex] },
      creditedOps: 8n * shapeOps(tinyShape),
    });

    const early = await exportLines(test, { from: first!, to: second! });
    const late = await exportLines(test, { from: third!, to: fourth! });
    expect((await auditLines([late])).findings).toEqual([]);
    expect((await auditLines([early, late])).findings).toEqual([]);
    expect((await auditLines([late, early])).findings).not.toEqual([]);
    const gap = await exportLines(test, { from: fourth! });
    expect((await auditLines([early, gap])).findings).toMatchObject([{ code: 'epoch_order' }]);
  });

  it('names another key than the one expected', async () => {
    test = await TestVerifier.start();
    await makeEpoch(test, 10);
    const lines = await exportLines(test, { from: 0 });
    const { findings } = await auditLines([lines], { verifierKeys: ['00'.repeat(32)] });
    expect(findings).toMatchObject([
      { code: 'verifier_key_mismatch', line: 2, field: 'verifier_key_hex' },
    ]);
  });

  it('signs what a crash left sealed and unsigned, and keeps the first signature', async () => {
    test = await TestVerifier.start();
    const { closes_at, epoch_id } = await test.epoch();
    test.clock.set(closes_at + 15_000);
    await test.verifier.epochs.current();
    await test.ledger.sealEpoch({ epochId: epoch_id });
    expect((await test.get(`/v1/epochs/${epoch_id}`)).body).not.toHaveProperty('head_sig_hex');
    await test.restart();
    const signed = (await test.get(`/v1/epochs/${epoch_id}`)).body;
    expect(signed).toMatchObject({ sealed: true, verifier_key_hex: keyHex });
    const other = { signature: new Uint8Array(64), verifierKey: new Uint8Array(32), atMs: 1 };
    await test.ledger.archive.signHead({ epochId: epoch_id, ...other });
    expect((await test.get(`/v1/epochs/${epoch_id}`)).body).toEqual(signed);
  });

  it('proves inclusion of every receipt of a sealed epoch, and of none before', async () => {
    test = await TestVerifier.start();
    const { epochId, ids } = await makeEpoch(test, 20);
    const indices = new Set<number>();
    for (const [outcome, id] of Object.entries(ids)) {
      const { status, body } = await test.get(`/v1/receipts/${id}/inclusion`);
      expect(status).toBe(200);
      const proof = body as InclusionProof;
      expect(proof).toMatchObject({ epoch_id: epochId, entry_count: 5, verifier_key_hex: keyHex });
      expect(proof.entry).toMatchObject({ receipt_id: id, outcome });
      expect(verifyInclusion(proof)).toBeUndefined();
      indices.add(proof.index);
    }
    expect(indices.size).toBe(4);

    const open = await test.challenge(await new TestWorker(22).attempt(await test.epoch()));
    expect(await test.get(`/v1/receipts/${open.receipt_id}/inclusion`)).toMatchObject({
      status: 409,
      body: { code: 'epoch_not_sealed' },
    });
    expect(await test.get(`/v1/receipts/${'ab'.repeat(32)}/inclusion`)).toMatchObject({
      status: 404,
      body: { code: 'receipt_not_found' },
    });
  });

  it('refuses to export what is not sealed, or was never there', async () => {
    test = await TestVerifier.start();
    const { epoch_id, closes_at } = await test.epoch();
    await expect(exportLines(test, { from: 0, to: epoch_id })).rejects.toMatchObject({
      code: 'epoch_not_sealed',
    });
    await expect(exportLines(test, { from: 0 })).rejects.toMatchObject({ code: 'no_epochs' });
    expect(await test.get(`/v1/epochs/${epoch_id}/receipts`)).toMatchObject({
      status: 409,
      body: { code: 'epoch_not_sealed' },
    });
    await sealEpoch(test, closes_at);
    const empty = await exportLines(test, { from: 0 });
    expect(empty).toHaveLength(3);
    expect((await auditLines([empty])).findings).toEqual([]);
  });

  it('pages receipts and credits, and lists epochs oldest first', async () => {
    test = await TestVerifier.start();
    const { epochId } = await makeEpoch(test, 30);
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await test.get(`/v1/epochs/${epochId}/receipts?limit=2${query}`);
      expect(body.receipts.length).toBeLessThanOrEqual(2);
      ids.push(...body.receipts.map((receipt: { receipt_id: string }) => receipt.receipt_id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    const { entries } = (await test.get(`/v1/epochs/${epochId}/credits.json`)).body;
    expect(ids).toEqual(entries.map((entry: { receipt_id: string }) => entry.receipt_id));

    const page = (await test.get(`/v1/epochs/${epochId}/credits?limit=1`)).body;
    expect(page.credits).toHaveLength(1);
    const rest = (await test.get(`/v1/epochs/${epochId}/credits?cursor=${page.next_cursor}`)).body;
    expect(rest).toMatchObject({ credits: [expect.anything()], next_cursor: null });

    const { body } = await test.get('/v1/epochs?from=0&limit=1');
    expect(body).toMatchObject({ epochs: [{ epoch_id: epochId }], next_from: epochId + 1 });
    expect((await test.get('/v1/epochs?from=0&before=5')).body).toMatchObject({
      code: 'query_invalid',
      field: 'from',
    });
  });
});
