import { describe, expect, it } from '@jest/globals';
import { archiveBytes, auditBytes, forge } from '../test/audit-text.ts';
import { SampleHistory, type Plan } from '../test/sample-history.ts';
import { anchorText } from './index.ts';

const mixed: Plan = [
  [1, 'accepted'],
  [2, 'revoked'],
  [1, 'missed'],
  [2, 'rejected'],
  [3, 'accepted'],
];
const history = new SampleHistory([mixed, [], [[4, 'accepted']], mixed]);
const whole = await archiveBytes({ from: 0 }, history);
const [first, second, third, fourth] = history.epochs.map(({ epoch }) => epoch);

/** Findings of the archive after a forger's change, chained anew. */
async function found(change: Parameters<typeof forge>[1]) {
  return (await auditBytes([forge(whole, change)])).findings;
}

// Lines of `whole`: 1 header, 2 epoch, 3 to 7 receipts, 8 to 10 credits, 11 the empty epoch, 12 epoch, …
const lineOf = { epoch: 1, accepted: 2, revoked: 3, missed: 4, rejected: 5, credit: 7 };

describe('an honest archive', () => {
  it('replays without a finding, from any epoch to any other', async () => {
    expect(await auditBytes([whole])).toMatchObject({
      findings: [],
      summary: { epochCount: 4, receiptCount: 11, proofsFolded: 2, proofsRecomputed: 0 },
    });
    for (const from of [first, second, third, fourth]) {
      const to = fourth!.epoch_id;
      const part = await archiveBytes({ from: from!.epoch_id, to }, history);
      expect((await auditBytes([part])).findings).toEqual([]);
    }
  });

  it('follows another one, and only that', async () => {
    const early = await archiveBytes({ from: 0, to: second!.epoch_id }, history);
    const late = await archiveBytes({ from: third!.epoch_id }, history);
    expect((await auditBytes([early, late])).findings).toEqual([]);
    const gap = await archiveBytes({ from: fourth!.epoch_id }, history);
    expect((await auditBytes([early, gap])).findings).toMatchObject([{ code: 'epoch_order' }]);
    expect((await auditBytes([early, early])).findings).not.toEqual([]);
  });

  it('recomputes the named row of stored proofs, and says when it is right after all', async () => {
    const contradicting = async () => new Uint8Array(32);
    const recomputed = await auditBytes([whole], {
      recomputing: { computeLeaves: contradicting, maxWeights: 2 ** 25 },
    });
    expect(recomputed).toMatchObject({ findings: [], summary: { proofsRecomputed: 2 } });

    const { leaves } = history.epochs[0]!.receipts[3]!;
    const asked: number[][] = [];
    const agreeing = async (_attempt: unknown, rows: readonly number[]) => {
      asked.push([...rows]);
      return Uint8Array.from(Buffer.from(leaves!, 'base64').subarray(32, 64));
    };
    const { findings } = await auditBytes([whole], {
      recomputing: { computeLeaves: agreeing, maxWeights: 2 ** 25 },
    });
    expect(asked).toEqual([[17], [17]]);
    expect(findings).toMatchObject([
      {
        code: 'proof_not_contradicting',
        line: lineOf.rejected + 1,
        epochId: first!.epoch_id,
        receiptId: history.epochs[0]!.receipts[3]!.receipt_id,
        field: 'mismatch_row',
      },
    ]);
    const small = { computeLeaves: contradicting, maxWeights: 8191 };
    expect((await auditBytes([whole], { recomputing: small })).findings).toMatchObject([
      { code: 'proof_unchecked' },
      { code: 'proof_unchecked' },
    ]);
  });

  it('leaves out the signatures of receipts and challenges where it is asked to, and nothing else', async () => {
    const skip = { skipSignatures: true };
    const unsigned = forge(whole, (lines) => {
      lines[lineOf.accepted].receipt.sig_hex = '00'.repeat(64);
      lines[lineOf.accepted].challenge_sig_hex = '00'.repeat(64);
    });
    expect((await auditBytes([unsigned], skip)).findings).toEqual([]);
    expect((await auditBytes([unsigned])).findings).toHaveLength(2);
    const changed = forge(whole, (lines) => lines[lineOf.accepted].receipt.nonce++);
    const codes = (await auditBytes([changed], skip)).findings.map(({ code }) => code);
    expect(codes).toContain('receipt_id_mismatch');
  });

  it('may lack proofs that are no longer kept', async () => {
    const changed = forge(whole, (lines) => {
      delete lines[lineOf.rejected].leaves;
      delete lines[lineOf.rejected].siblings;
    });
    expect(await auditBytes([changed])).toMatchObject({
      findings: [],
      summary: { proofsFolded: 1, proofsMissing: 1 },
    });
  });
});

describe('a forged archive, chained anew', () => {
  it.each<[string, string, Parameters<typeof forge>[1]]>([
    ['ops', 'credited_ops_mismatch', (lines) => (lines[lineOf.accepted].credited_ops = '0')],
    ['an outcome', 'ledger_root_mismatch', (lines) => (lines[lineOf.missed].outcome = 'revoked')],
    [
      'a row',
      'challenge_signature_invalid',
      (lines) => (lines[lineOf.accepted].rows = [3, 17, 41]),
    ],
    ['rows out of order', 'rows_invalid', (lines) => (lines[lineOf.accepted].rows = [17, 3, 40])],
    ['a row beyond m', 'rows_invalid', (lines) => (lines[lineOf.accepted].rows = [3, 17, 64])],
    [
      'the deadline',
      'challenge_signature_invalid',
      (lines) => lines[lineOf.accepted].deadline_at++,
    ],
    ['a nonce', 'receipt_signature_invalid', (lines) => (lines[lineOf.accepted].receipt.nonce = 9)],
    [
      'an id',
      'receipt_id_mismatch',
      (lines) => (lines[lineOf.accepted].receipt_id = 'ab'.repeat(32)),
    ],
    ['entropy', 'beacon_mismatch', (lines) => (lines[lineOf.epoch].entropy_hex = 'ab'.repeat(32))],
    ['a head', 'head_mismatch', (lines) => (lines[lineOf.epoch].head_hex = 'ab'.repeat(32))],
    ['a count', 'entry_count_mismatch', (lines) => lines[lineOf.epoch].entry_count++],
    [
      'a key',
      'head_signature_invalid',
      (lines) => (lines[lineOf.epoch].verifier_key_hex = history.worker(1).hex),
    ],
    ['opens_at', 'epoch_times', (lines) => lines[lineOf.epoch].opens_at++],
    ['closes_at', 'epoch_times', (lines) => lines[lineOf.epoch].closes_at++],
    ['the mismatch row', 'rows_invalid', (lines) => (lines[lineOf.rejected].mismatch_row = 18)],
    ['a proof', 'proof_malformed', (lines) => (lines[lineOf.rejected].leaves = 'AAAA')],
    ['siblings', 'proof_malformed', (lines) => (lines[lineOf.rejected].siblings = '')],
    ['base64', 'proof_malformed', (lines) => (lines[lineOf.rejected].leaves = '*')],
    ['credit', 'credits_mismatch', (lines) => (lines[lineOf.credit].credited_ops = '1')],
    ['a did', 'credits_mismatch', (lines) => (lines[lineOf.credit].did = 'did:key:z1')],
    ['a credit left out', 'credits_mismatch', (lines) => lines.splice(lineOf.credit, 1)],
    [
      'a credit twice',
      'credits_mismatch',
      (lines) => lines.splice(lineOf.credit, 0, lines[lineOf.credit]),
    ],
    ['a receipt left out', 'ledger_root_mismatch', (lines) => lines.splice(lineOf.missed, 1)],
    [
      'a receipt twice',
      'nonce_reused',
      (lines) => lines.splice(lineOf.missed, 0, lines[lineOf.missed]),
    ],
    ['an epoch left out', 'epoch_order', (lines) => lines.splice(10, 1)],
    ['a header twice', 'line_order', (lines) => lines.splice(0, 0, lines[0])],
    ['no header', 'line_order', (lines) => lines.splice(0, 1)],
    ['no end', 'archive_incomplete', (lines) => lines.pop()],
    ['more after the end', 'line_order', (lines) => lines.push(lines[1])],
    ['credit before receipts', 'line_order', (lines) => lines.splice(2, 0, lines[lineOf.credit])],
    ['another format', 'line_malformed', (lines) => (lines[0].format = 'tops-archive v2')],
    ['an unknown field', 'line_malformed', (lines) => (lines[3].comment = '')],
    ['an unknown kind', 'line_malformed', (lines) => (lines[3].kind = 'note')],
    ['a proof of an accepted one', 'line_malformed', (lines) => (lines[2].leaves = '')],
  ])('%s: %s', async (_name, code, change) => {
    const findings = await found(change);
    expect(findings.map((finding) => finding.code)).toContain(code);
    for (const finding of findings) expect(finding.line).toBeGreaterThan(0);
  });

  it('names epoch, line, receipt and field', async () => {
    const [finding] = await found((lines) => (lines[lineOf.accepted].credited_ops = '5'));
    expect(finding).toEqual({
      code: 'credited_ops_mismatch',
      line: 3,
      epochId: first!.epoch_id,
      receiptId: history.epochs[0]!.receipts[0]!.receipt_id,
      field: 'credited_ops',
      detail: expect.stringMatching(/^expected 1048576 .* got 5$/),
    });
  });

  it('credit beside a rejection is found even where roots and signatures fit', async () => {
    const unrevoked = new SampleHistory([
      [
        [2, 'accepted'],
        [2, 'rejected'],
      ],
    ]);
    const { findings } = await auditBytes([await archiveBytes({ from: 0 }, unrevoked)]);
    expect(findings).toMatchObject([
      {
        code: 'revocation_missing',
        line: 3,
        receiptId: unrevoked.epochs[0]!.receipts[0]!.receipt_id,
        field: 'outcome',
      },
    ]);
  });

  it('is caught by the expected key, and by anchors, where all of it was made anew', async () => {
    const forged = new SampleHistory([mixed, [], [[4, 'missed']], mixed]);
    const bytes = await archiveBytes({ from: 0 }, forged);
    expect((await auditBytes([bytes])).findings).toEqual([]);
    const anchors = history.epochs.map(({ epoch }) => anchorText(epoch));
    const { findings } = await auditBytes([bytes], { anchors });
    expect(findings.map(({ code }) => code)).toContain('anchor_mismatch');
    expect(findings[0]).toMatchObject({ epochId: third!.epoch_id, field: 'head_hex' });
    const other = { verifierKeys: [history.worker(1).hex] };
    const codes = (await auditBytes([bytes], other)).findings.map(({ code }) => code);
    expect(codes).toEqual(Array.from({ length: 4 }, () => 'verifier_key_mismatch'));
  });
});

describe('anchors', () => {
  const anchors = history.epochs.map(({ epoch }) => anchorText(epoch));
  const codes = async (lines: readonly string[], bytes = whole) =>
    (await auditBytes([bytes], { anchors: lines })).findings.map(({ code }) => code);

  it('agree with the history they are of, whole, in part, and with more around it', async () => {
    expect(await codes(anchors)).toEqual([]);
    expect(await codes(anchors.slice(2))).toEqual([]);
    expect(await codes([anchors[0]!, anchors[3]!])).toEqual([]);
    const part = await archiveBytes({ from: second!.epoch_id, to: third!.epoch_id }, history);
    expect(await codes(anchors, part)).toEqual([]);
  });

  it('of nothing, in disorder or damaged are findings', async () => {
    expect(await codes([])).toEqual(['anchor_missing']);
    expect(await codes([anchors[1]!, anchors[0]!])).toEqual(['anchor_mismatch']);
    expect(await codes([anchors[0]!, anchors[0]!])).toEqual(['anchor_mismatch']);
    expect(await codes([...anchors.slice(0, 2), '{}', anchors[2]!])).toEqual(['anchor_mismatch']);
    expect(await codes([` ${anchors[0]!}`, anchors[1]!])).toEqual(['anchor_mismatch']);
  });

  it('that go on after the end of the archive are told of, and are no finding', async () => {
    const part = await archiveBytes({ from: 0, to: second!.epoch_id }, history);
    const { findings, summary } = await auditBytes([part], { anchors });
    expect(findings).toEqual([]);
    expect(summary.anchors).toEqual({ comparedCount: 2, lastEpochId: fourth!.epoch_id });
    expect(await codes([...anchors, '{}'], part)).toEqual(['anchor_mismatch']);
    expect((await auditBytes([part], { anchors: [] })).summary.anchors).toEqual({
      comparedCount: 0,
    });
    expect((await auditBytes([part])).summary.anchors).toBeUndefined();
  });

  it('name an epoch that the archive leaves out', async () => {
    const forged = forge(whole, (lines) => lines.splice(10, 1));
    const { findings } = await auditBytes([forged], { anchors });
    const mismatches = findings.filter(({ code }) => code === 'anchor_mismatch');
    expect(mismatches).toMatchObject([
      { epochId: third!.epoch_id, detail: expect.stringContaining(String(second!.epoch_id)) },
    ]);
  });
});
