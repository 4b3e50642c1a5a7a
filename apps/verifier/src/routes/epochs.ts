import type { EpochRecord, LedgerStore } from '@tops/ledger';
import { epochMessage } from '../archive-messages.ts';
import { json, type Parameter, type Reply, type Route, type RouteRequest } from '../http/route.ts';
import { refuse, refuseWith } from '../refusal.ts';
import { SharedBudget } from '../shared-budget.ts';
import { creditsCsv, creditsJson } from './credits.ts';

const PAGE_EPOCHS_MAX = 500;
const PAGE_EPOCHS_DEFAULT = 50;

/** Exports read at the same time: each takes a millisecond of the event loop at a time, and never waits for its turn. */
const EXPORTS = { max: 32, maxPerAddress: 4 };

interface EpochsRouteDeps {
  readonly ledger: Pick<
    LedgerStore,
    'getEpoch' | 'listEpochs' | 'epochCredits' | 'epochEntries' | 'archive'
  >;
}

export const epochId: Parameter = {
  name: 'epoch_id',
  in: 'path',
  description: 'Id of an epoch.',
  schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};

/** The chain of epochs, and what each credited. */
export function epochsRoutes(deps: EpochsRouteDeps): Route[] {
  const exports = new SharedBudget(EXPORTS);
  return [
    listEpochs(deps),
    getEpoch(deps),
    exportCredits({ ...deps, exports }, 'csv'),
    exportCredits({ ...deps, exports }, 'json'),
  ];
}

function listEpochs({ ledger }: EpochsRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/epochs',
    operation: {
      operationId: 'listEpochs',
      summary: 'Epochs, newest first or by from, with beacons, entropy and signed heads',
      tag: 'reading',
      parameters: [
        {
          name: 'before',
          in: 'query',
          description: 'next_before of the page before.',
          schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        },
        {
          name: 'from',
          in: 'query',
          description: 'Oldest first instead, from this id on; next_from of the page before.',
          schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        },
        {
          name: 'limit',
          in: 'query',
          description: 'Epochs on the page.',
          schema: {
            type: 'integer',
            minimum: 1,
            maximum: PAGE_EPOCHS_MAX,
            default: PAGE_EPOCHS_DEFAULT,
          },
        },
      ],
      success: { 200: { description: 'One page', schema: 'EpochPage' } },
      problems: [],
    },
    async handle(request) {
      const limit = request.integer('limit') ?? PAGE_EPOCHS_DEFAULT;
      const beforeId = request.integer('before');
      const fromId = request.integer('from');
      if (fromId !== undefined) {
        if (beforeId === undefined) return listFrom(ledger, { fromId, limit });
        const detail = 'expected before or from, got both';
        return refuse({ code: 'query_invalid', detail, field: 'from' });
      }
      // One more than asked for tells whether there is a next page.
      const records = await ledger.listEpochs({
        limit: limit + 1,
        ...(beforeId === undefined ? {} : { beforeId }),
      });
      const shown = records.slice(0, limit);
      const last = shown.at(-1);
      return json({
        epochs: shown.map(epochMessage),
        ...(records.length > limit && last !== undefined ? { next_before: last.epochId } : {}),
      });
    },
  };
}

async function listFrom(
  ledger: Pick<LedgerStore, 'archive'>,
  { fromId, limit }: { readonly fromId: number; readonly limit: number },
): Promise<Reply> {
  const records = await ledger.archive.epochsFrom({ fromId, limit: limit + 1 });
  const next = records[limit];
  return json({
    epochs: records.slice(0, limit).map(epochMessage),
    ...(next === undefined ? {} : { next_from: next.epochId }),
  });
}

function getEpoch({ ledger }: EpochsRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/epochs/{epoch_id}',
    operation: {
      operationId: 'getEpochRecord',
      summary: 'One epoch',
      tag: 'reading',
      parameters: [epochId],
      success: { 200: { description: 'The epoch', schema: 'EpochRecord' } },
      problems: ['epoch_not_found'],
    },
    handle: (request) => withEpoch(ledger, request, (epoch) => json(epochMessage(epoch))),
  };
}

function exportCredits(
  { ledger, exports }: EpochsRouteDeps & { readonly exports: SharedBudget },
  form: 'csv' | 'json',
): Route {
  const mediaType = form === 'csv' ? 'text/csv' : 'application/json';
  return {
    method: 'get',
    path: `/v1/epochs/{epoch_id}/credits.${form}`,
    operation: {
      operationId: form === 'csv' ? 'exportCreditsCsv' : 'exportCreditsJson',
      summary:
        form === 'csv'
          ? 'What each key earned in the epoch'
          : 'What each key earned, and once sealed the entries that ledger_root_hex commits to',
      tag: 'reading',
      parameters: [epochId],
      success: {
        200:
          form === 'csv'
            ? { description: 'RFC 4180, one line a key', mediaType }
            : { description: 'Credits and entries', schema: 'EpochCredits' },
      },
      problems: ['epoch_not_found', 'overloaded'],
    },
    handle: (request) =>
      withEpoch(ledger, request, (epoch) => {
        const { address } = request;
        if (!exports.take(address, 1)) {
          return refuseWith('overloaded', 'expected fewer exports at the same time', 1000);
        }
        return {
          kind: 'stream',
          contentType: form === 'csv' ? 'text/csv; charset=utf-8; header=present' : mediaType,
          fileName: `epoch-${epoch.epochId}-credits.${form}`,
          chunks:
            form === 'csv'
              ? creditsCsv(epoch.epochId, ledger)
              : creditsJson(epoch, epochMessage(epoch), ledger),
          release: () => {
            exports.give(address, 1);
          },
        };
      }),
  };
}

/** Replies about an epoch that was opened. */
export async function withEpoch(
  ledger: Pick<LedgerStore, 'getEpoch'>,
  request: RouteRequest,
  reply: (epoch: EpochRecord) => Promise<Reply> | Reply,
): Promise<Reply> {
  const epoch = await ledger.getEpoch(request.integer('epoch_id') ?? -1);
  return epoch === undefined
    ? refuseWith('epoch_not_found', 'expected the id of an opened epoch, got another')
    : reply(epoch);
}
