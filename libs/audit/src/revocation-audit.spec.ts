import { describe, expect, it } from '@jest/globals';
import { archiveBytes, auditBytes } from '../test/audit-text.ts';
import { SampleHistory, type Plan } from '../test/sample-history.ts';

/** Every epoch of a sample is sealed before the one after its successor opens. */
async function audited(plans: readonly Plan[], from = 0) {
  const history = new SampleHistory(plans);
  const start = history.epochs[from]!.epoch.epoch_id;
  const { findings, summary } = await auditBytes([await archiveBytes({ from: start }, history)]);
  return { findings, unexplained: summary.revocationsUnexplained, history };
}

const later: Plan = [[9, 'accepted']];
const at = 60_001_234_567;

describe('a revoked receipt', () => {
  it('goes with a rejection of its key in its own epoch, before or after it', async () => {
    const plan: Plan = [
      [1, 'revoked'],
      [1, 'rejected'],
      [1, 'revoked'],
    ];
    expect(await audited([plan, later, later, later])).toMatchObject({
      findings: [],
      unexplained: 0,
    });
  });

  it.each<[string, readonly Plan[]]>([
    ['the epoch after', [[[1, 'revoked', at]], [[1, 'rejected', at]], later, later, later]],
    ['the epoch before', [[[1, 'rejected', at]], [[1, 'revoked', at]], later, later, later]],
  ])('goes with one in %s, settled at the same time', async (_name, plans) => {
    expect(await audited(plans)).toMatchObject({ findings: [], unexplained: 0 });
  });

  it.each<[string, Plan, Plan]>([
    ['none at all', [[1, 'revoked', at]], later],
    ["another key's", [[1, 'revoked', at]], [[2, 'rejected', at]]],
    ['one of another time', [[1, 'revoked', at]], [[1, 'rejected', at + 1]]],
    ['a missed answer', [[1, 'revoked', at]], [[1, 'missed', at]]],
  ])('is a finding with %s', async (_name, first, second) => {
    const { findings, unexplained, history } = await audited([first, second, later, later]);
    expect(unexplained).toBe(0);
    expect(findings).toEqual([
      {
        code: 'rejection_missing',
        line: 3,
        epochId: history.epochs[0]!.epoch.epoch_id,
        receiptId: history.epochs[0]!.receipts[0]!.receipt_id,
        field: 'outcome',
        detail: expect.stringMatching(/^expected a rejected receipt .* got none$/),
      },
    ]);
  });

  it('is a finding when the rejection comes in an epoch opened after its own was sealed', async () => {
    const plans: Plan[] = [[[1, 'revoked', at]], later, later, [[1, 'rejected', at]], later, later];
    expect((await audited(plans)).findings).toMatchObject([{ code: 'rejection_missing' }]);
  });

  it('is found however many more are said to be settled with it', async () => {
    const plans: Plan[] = Array.from({ length: 8 }, () => [[1, 'revoked', at]]);
    const { findings, unexplained } = await audited(plans);
    expect(findings.length + unexplained).toBe(8);
    expect(findings.length).toBeGreaterThanOrEqual(4);
  });

  it('is counted where the rejection may lie beyond an end of the archive', async () => {
    const revoked: Plan = [[1, 'revoked', at]];
    const rejected: Plan = [[1, 'rejected', at]];
    // Cut before its rejection could come, or after it came.
    expect(await audited([later, later, revoked])).toMatchObject({ findings: [], unexplained: 1 });
    expect(await audited([later, rejected, revoked, later, later, later], 2)).toMatchObject({
      findings: [],
      unexplained: 1,
    });
    // Sealed were all epochs before the archive when this one was opened: its rejection has to be there.
    const inner: Plan[] = [later, later, later, revoked, later, later, later];
    expect((await audited(inner, 1)).findings).toMatchObject([{ code: 'rejection_missing' }]);
  });

  it('of one archive goes with a rejection in the next', async () => {
    const history = new SampleHistory([[[1, 'revoked', at]], [[1, 'rejected', at]], later, later]);
    const ids = history.epochs.map(({ epoch }) => epoch.epoch_id);
    const each = await Promise.all(ids.map((id) => archiveBytes({ from: id, to: id }, history)));
    expect(await auditBytes(each)).toMatchObject({
      findings: [],
      summary: { revocationsUnexplained: 0 },
    });
    expect(await auditBytes([each[0]!])).toMatchObject({
      findings: [],
      summary: { revocationsUnexplained: 1 },
    });
  });
});
