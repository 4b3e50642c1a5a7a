import type { ReceiptEvidence } from '../api-model.ts';
import { formatCount, formatDecimal, formatOps, formatTime, NO_VALUE } from '../format.ts';
import type { PageState } from '../page-state.ts';
import { hrefOf } from '../routes.ts';
import { h, type Child } from '../virtual-node.ts';
import { badge, copyButton, empty, fieldList, hexField, loading, section } from './parts.ts';

export function receiptView(state: PageState, receiptId: string): Child {
  const { detail } = state;
  const heading = h(
    'p',
    { class: 'identifier' },
    h('code', {}, receiptId),
    copyButton({ text: receiptId, what: 'receipt id' }),
  );
  if (detail.kind === 'missing') {
    return section('Receipt', heading, empty('The verifier holds no receipt with this id.'));
  }
  if (detail.kind !== 'receipt') return section('Receipt', heading, loading('the receipt'));
  const { evidence } = detail;
  return [
    section('Receipt', heading, outcome(evidence, receiptId)),
    section(
      'Checked by the verifier',
      h('p', { class: 'note' }, checkedText(evidence.outcome)),
      checkedFields(evidence),
    ),
    section(
      'The worker’s own word',
      h(
        'p',
        { class: 'note' },
        'Signed by the worker, shown as it came, never checked and never credited.',
      ),
      fieldList([
        ['time_ms', `${formatCount(evidence.receipt.timeMs)} ms`],
        ['driver_hint', evidence.receipt.driverHint || NO_VALUE],
        ['device_did', evidence.receipt.deviceDid || NO_VALUE],
      ]),
    ),
  ];
}

function outcome(evidence: ReceiptEvidence, receiptId: string): Child {
  return [
    h('p', { class: 'verdict' }, badge(evidence.outcome), ' ', verdictText(evidence)),
    evidence.outcome === 'rejected' && evidenceNote(receiptId),
    fieldList([
      [
        'Credited',
        h(
          'span',
          { title: `${formatDecimal(evidence.creditedOps)} ops` },
          formatOps(evidence.creditedOps),
        ),
      ],
      ['Received', formatTime(evidence.receivedAtMs)],
      ['Answer due', formatTime(evidence.deadlineAtMs)],
      ['Settled', formatTime(evidence.settledAtMs)],
    ]),
  ];
}

/** Where anybody gets what shows it; it is gone after some weeks. */
function evidenceNote(receiptId: string): Child {
  return h(
    'p',
    { class: 'note' },
    h(
      'a',
      { href: `/v1/receipts/${receiptId}/evidence`, download: `evidence-${receiptId}.json` },
      'Evidence',
    ),
    ', while it is kept: re-check it anywhere with ',
    h('code', {}, 'tops verify'),
    '.',
  );
}

/** One sentence of what the outcome means; counts are the verifier's. */
export function verdictText(evidence: ReceiptEvidence): string {
  const rows = `${formatCount(evidence.rows.length)} of ${formatCount(evidence.receipt.m)} rows`;
  switch (evidence.outcome) {
    case 'accepted':
      return `${rows} were drawn after the commitment, recomputed from scratch, and matched.`;
    case 'rejected':
      return Number.isFinite(evidence.mismatchRow)
        ? `Row ${formatCount(evidence.mismatchRow)} was recomputed and differs from what the worker committed to.`
        : 'A recomputed row differs from what the worker committed to.';
    case 'missed':
      return `The worker did not open ${rows} in time.`;
    case 'revoked':
      return 'The credit was taken back: another receipt of this key in the same epoch was proved false.';
    case 'open':
      return `${rows} are drawn; the worker has not answered yet.`;
    default:
      return '';
  }
}

function checkedText(outcome: string): string {
  const arrival = 'Signature, beacon, nonce and shape were checked on arrival';
  if (outcome === 'accepted') return `${arrival}, the challenged rows by recomputation.`;
  if (outcome === 'rejected') return `${arrival}; recomputation contradicts the work root.`;
  if (outcome === 'open' || outcome === 'missed') return `${arrival}; no row has been recomputed.`;
  return `${arrival}.`;
}

function checkedFields(evidence: ReceiptEvidence): Child {
  const { receipt } = evidence;
  const epochLink = Number.isFinite(receipt.epochId)
    ? h('a', { href: hrefOf({ view: 'epoch', epochId: receipt.epochId }) }, String(receipt.epochId))
    : NO_VALUE;
  return fieldList([
    ['Kernel', receipt.kernelVersion || NO_VALUE],
    ['Public key', hexField(receipt.publicKeyHex, 'public key')],
    ['Signature', hexField(receipt.sigHex, 'signature')],
    ['Epoch', epochLink],
    ['Beacon (prev_hash)', hexField(receipt.prevHashHex, 'beacon')],
    ['Nonce', Number.isFinite(receipt.nonce) ? String(receipt.nonce) : NO_VALUE],
    [
      'Shape',
      `m ${formatCount(receipt.m)} × n ${formatCount(receipt.n)} × k ${formatCount(receipt.k)}`,
    ],
    ['Work', formatOps(nominalOps(evidence))],
    ['Work root', hexField(receipt.workRootHex, 'work root')],
    ['Challenge signature', hexField(evidence.challengeSigHex, 'challenge signature')],
    [
      'Challenged rows',
      evidence.rows.length === 0
        ? NO_VALUE
        : h(
            'span',
            { class: 'rows' },
            evidence.rows.map((row) =>
              h('code', { class: row === evidence.mismatchRow ? 'row bad' : 'row' }, String(row)),
            ),
          ),
    ],
  ]);
}

/** 2·m·n·(k + n), as the protocol counts it; a decimal string, empty when a size is missing. */
export function nominalOps(evidence: ReceiptEvidence): string {
  const { m, n, k } = evidence.receipt;
  if (![m, n, k].every((size) => Number.isSafeInteger(size) && size >= 0)) return '';
  return String(2n * BigInt(m) * BigInt(n) * (BigInt(k) + BigInt(n)));
}
