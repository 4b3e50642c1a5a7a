import { bytesToHex, didToPublicKey } from '@tops/crypto';
import { auditRows, type LedgerStore, type WorkerRecord } from '@tops/ledger';
import { OPS_UNIT, type Limits, type WorkerInfo, type WorkerPage } from '@tops/protocol';
import { json, type Route } from '../http/route.ts';
import { refuse, refuseWith } from '../refusal.ts';

const PAGE_WORKERS_MAX = 500;
const PAGE_WORKERS_DEFAULT = 100;
/** A page of 500 takes 20 times as long as an ordinary request. */
const WORKERS_PER_POINT = 25;

interface WorkerRouteDeps {
  readonly ledger: Pick<LedgerStore, 'getWorker' | 'listWorkers'>;
}

/** The fleet, paged, and one worker of it. */
export function workerRoutes(options: { readonly limits: Limits }, deps: WorkerRouteDeps): Route[] {
  return [listWorkers(options.limits, deps), getWorker(options.limits, deps)];
}

function listWorkers(limits: Limits, { ledger }: WorkerRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/workers',
    operation: {
      operationId: 'listWorkers',
      summary: 'Every key that ever submitted a receipt, ordered by key',
      tag: 'reading',
      parameters: [
        {
          name: 'cursor',
          in: 'query',
          description: 'next_cursor of the page before.',
          schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        },
        {
          name: 'limit',
          in: 'query',
          description: 'Workers on the page.',
          schema: {
            type: 'integer',
            minimum: 1,
            maximum: PAGE_WORKERS_MAX,
            default: PAGE_WORKERS_DEFAULT,
          },
        },
      ],
      success: { 200: { description: 'One page', schema: 'WorkerPage' } },
      problems: [],
    },
    extraPoints: (integer) =>
      Math.floor((integer('limit') ?? PAGE_WORKERS_DEFAULT) / WORKERS_PER_POINT),
    async handle(request) {
      const limit = request.integer('limit') ?? PAGE_WORKERS_DEFAULT;
      const after = request.text('cursor');
      // One more than asked for tells whether there is a next page.
      const records = await ledger.listWorkers({
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const shown = records.slice(0, limit);
      const page: WorkerPage = {
        workers: shown.map((record) => workerInfo(record, limits)),
        next_cursor: records.length > limit ? (shown.at(-1)?.publicKeyHex ?? null) : null,
      };
      return json(page);
    },
  };
}

function getWorker(limits: Limits, { ledger }: WorkerRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/workers/{did}',
    operation: {
      operationId: 'getWorker',
      summary: 'One worker',
      tag: 'reading',
      parameters: [
        {
          name: 'did',
          in: 'path',
          description: "did:key of the worker's Ed25519 key.",
          schema: { type: 'string', pattern: '^did:key:z[1-9A-HJ-NP-Za-km-z]{1,100}$' },
        },
      ],
      success: { 200: { description: 'The worker', schema: 'Worker' } },
      problems: ['worker_not_found'],
    },
    async handle(request) {
      const publicKeyHex = publicKeyOf(request.text('did') ?? '');
      if (publicKeyHex === undefined) {
        const detail = 'expected did as the did:key of an Ed25519 key, got another';
        return refuse({ code: 'path_invalid', detail, field: 'did' });
      }
      const record = await ledger.getWorker(publicKeyHex);
      return record === undefined
        ? refuseWith('worker_not_found', 'expected the did:key of a known worker, got another')
        : json(workerInfo(record, limits));
    },
  };
}

function publicKeyOf(did: string): string | undefined {
  try {
    return bytesToHex(didToPublicKey(did));
  } catch {
    return undefined;
  }
}

function workerInfo(record: WorkerRecord, limits: Limits): WorkerInfo {
  return {
    did: record.did,
    public_key_hex: record.publicKeyHex,
    label: record.label ?? null,
    credited_ops: (record.creditedUnits * OPS_UNIT).toString(),
    verified_tops: record.verifiedTops,
    accepted: record.accepted,
    rejected: record.rejected,
    missed: record.missed,
    audit_rows: auditRows(record, {
      auditRowsMin: limits.audit_rows_min,
      auditRowsMax: limits.audit_rows_max,
      m: limits.min_rows,
    }),
    state: record.state,
    // An operator's act gives a key a record before its first receipt.
    last_seen_at: record.lastSeenAtMs === 0 ? null : record.lastSeenAtMs,
  };
}
