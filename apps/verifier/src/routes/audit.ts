import { isHex } from '@tops/crypto';
import type { LedgerStore, ReceiptRecord } from '@tops/ledger';
import { creditMessage, receiptMessage } from '../archive-messages.ts';
import { json, type Parameter, type Reply, type Route, type RouteRequest } from '../http/route.ts';
import type { InclusionService } from '../inclusion-service.ts';
import { refuseWith } from '../refusal.ts';
import { epochId, withEpoch } from './epochs.ts';
import { missingReceipt, receiptIdParameter } from './receipts.ts';

/** With 128 rows each a page has as many values as a client's parser takes. */
const PAGE_ROWS_MAX = 100;
/** A page of 100 takes as long as four ordinary requests. */
const ROWS_PER_POINT = 25;
/** A proof hashes a block of entries, the first one of an epoch all of them. */
const INCLUSION_POINTS = 19;
/** A page ends once it is this long: proofs make receipts hundreds of times longer, and a client reads 1 MiB at most. */
const PAGE_BYTES = 384 * 1024;

interface AuditRouteDeps {
  readonly ledger: Pick<LedgerStore, 'getEpoch' | 'getEvidence' | 'epochCredits' | 'archive'>;
  readonly inclusion: InclusionService;
}

const pageParameters: readonly Parameter[] = [
  epochId,
  {
    name: 'cursor',
    in: 'query',
    description: 'next_cursor of the page before.',
    schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  },
  {
    name: 'limit',
    in: 'query',
    description: 'Most items on the page; it may have fewer.',
    schema: { type: 'integer', minimum: 1, maximum: PAGE_ROWS_MAX, default: PAGE_ROWS_MAX },
  },
];

/** What an archive is made of, page by page, and proofs that a receipt is part of a sealed epoch. */
export function auditRoutes(deps: AuditRouteDeps): Route[] {
  return [listReceipts(deps), listCredits(deps), getInclusion(deps)];
}

function listReceipts({ ledger }: AuditRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/epochs/{epoch_id}/receipts',
    operation: {
      operationId: 'listEpochReceipts',
      summary: 'Receipts of a sealed epoch in the order its ledger root commits to',
      tag: 'reading',
      parameters: pageParameters,
      success: { 200: { description: 'One page', schema: 'ReceiptPage' } },
      problems: ['epoch_not_found', 'epoch_not_sealed', 'receipt_archived'],
    },
    extraPoints,
    handle: (request) =>
      withEpoch(ledger, request, async (epoch) => {
        if (epoch.sealed === undefined) return notSealed();
        if (epoch.archivedAtMs !== undefined) {
          return refuseWith(
            'receipt_archived',
            'expected an epoch of the ledger, got an archived one',
          );
        }
        const { after, limit } = pageOf(request);
        const records = await ledger.archive.epochReceipts(epoch.epochId, {
          limit: limit + 1,
          ...(after === undefined ? {} : { afterReceiptId: after }),
        });
        return json(await receiptPage(records, limit, ledger));
      }),
  };
}

/** As many of the records as fit. */
async function receiptPage(
  records: readonly ReceiptRecord[],
  limit: number,
  ledger: Pick<LedgerStore, 'getEvidence'>,
) {
  const receipts = [];
  let byteCount = 0;
  for (const record of records.slice(0, limit)) {
    if (byteCount >= PAGE_BYTES) break;
    const isRejected = record.outcome === 'rejected';
    const proof = isRejected ? await ledger.getEvidence(record.receiptId) : undefined;
    receipts.push(receiptMessage(record, proof));
    // Base64 takes four bytes for three; a receipt with its challenge is about a kilobyte, and a row up to nine bytes.
    byteCount += 1024 + record.rows.length * 9 + Math.ceil(((proof?.length ?? 0) * 4) / 3);
  }
  const hasMore = receipts.length < records.length;
  return { receipts, next_cursor: hasMore ? (receipts.at(-1)?.receipt_id ?? null) : null };
}

function listCredits({ ledger }: AuditRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/epochs/{epoch_id}/credits',
    operation: {
      operationId: 'listEpochCredits',
      summary: 'What each key has of the epoch, ordered by key, page by page',
      tag: 'reading',
      parameters: pageParameters,
      success: { 200: { description: 'One page', schema: 'CreditPage' } },
      problems: ['epoch_not_found'],
    },
    extraPoints,
    handle: (request) =>
      withEpoch(ledger, request, async (epoch) => {
        const { after, limit } = pageOf(request);
        const rows = await ledger.epochCredits(epoch.epochId, {
          limit: limit + 1,
          ...(after === undefined ? {} : { after }),
        });
        const credits = rows.slice(0, limit).map(creditMessage);
        const next = rows.length > limit ? (credits.at(-1)?.public_key_hex ?? null) : null;
        return json({ credits, next_cursor: next });
      }),
  };
}

function getInclusion({ ledger, inclusion }: AuditRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/receipts/{receipt_id}/inclusion',
    operation: {
      operationId: 'getInclusion',
      summary: "RFC 9162 proof that a receipt's entry is part of its sealed epoch",
      tag: 'reading',
      parameters: [receiptIdParameter],
      success: { 200: { description: 'The proof', schema: 'Inclusion' } },
      problems: ['receipt_not_found', 'receipt_archived', 'epoch_not_sealed', 'overloaded'],
    },
    extraPoints: () => INCLUSION_POINTS,
    async handle(request): Promise<Reply> {
      const receiptId = request.text('receipt_id') ?? '';
      const result = await inclusion.prove(receiptId);
      switch (result.kind) {
        case 'proof':
          return json(result.proof);
        case 'unknown':
          return missingReceipt(receiptId, ledger);
        case 'archived':
          return refuseWith(
            'receipt_archived',
            'expected a receipt of the ledger, got an archived one',
          );
        case 'not_sealed':
          return notSealed();
        case 'overloaded':
          return refuseWith('overloaded', 'expected fewer proofs at the same time', 1000);
      }
    },
  };
}

function notSealed(): Reply {
  return refuseWith('epoch_not_sealed', 'expected a sealed epoch, got one that still changes');
}

function pageOf(request: RouteRequest): { after: string | undefined; limit: number } {
  const after = request.text('cursor');
  const limit = request.integer('limit') ?? PAGE_ROWS_MAX;
  return { after: after !== undefined && isHex(after, 32) ? after : undefined, limit };
}

function extraPoints(integer: RouteRequest['integer']): number {
  return Math.floor((integer('limit') ?? PAGE_ROWS_MAX) / ROWS_PER_POINT);
}
