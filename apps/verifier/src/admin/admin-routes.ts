import { bytesToHex } from '@tops/crypto';
import type { ActInput, KeyAct, LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import {
  parseActRequest,
  parseJson,
  parseQuarantineRequest,
  type ActRequest,
  type AdminActAnswer,
  type AdminActPage,
  type AdminKeyPage,
  type Parsed,
  type QuarantineRequest,
} from '@tops/protocol';
import type { AllowList } from '../allow-list.ts';
import type { Clock } from '../clock.ts';
import type { EpochClock } from '../epoch-clock.ts';
import { json, type Parameter, type Reply, type Route, type RouteRequest } from '../http/route.ts';
import type { VerifierMetrics } from '../metrics.ts';
import { refuse, refuseWith, type Refusal } from '../refusal.ts';
import { toAdminAct, toAdminKey, withConfiguredKeys } from './admin-views.ts';

export interface AdminRouteDeps {
  readonly ledger: Pick<LedgerStore, 'recordAct' | 'listActs' | 'listKeys'>;
  readonly epochs: Pick<EpochClock, 'current'>;
  readonly allowList: AllowList;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
  /** From a CSPRNG. */
  readonly randomBytes: (byteCount: number) => Uint8Array;
}

const PAGE_DEFAULT = 100;
const PAGE_KEYS_MAX = 500;
/** Fewer, because a reason may be long: a page stays under 1 MiB. */
const PAGE_ACTS_MAX = 200;

const publicKey: Parameter = {
  name: 'public_key_hex',
  in: 'path',
  description: "The worker's Ed25519 key.",
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
};

/** What operators may see and do; see docs/admin.md. */
export function adminRoutes(deps: AdminRouteDeps): Route[] {
  return [
    listKeys(deps),
    listActs(deps),
    actRoute('allow', parseActRequest, () => ({ kind: 'allow' }), deps),
    actRoute('disallow', parseActRequest, (_request, key) => disallow(key, deps.allowList), deps),
    actRoute('quarantine', parseQuarantineRequest, (request) => quarantine(request, deps), deps),
    actRoute('release', parseActRequest, () => ({ kind: 'release' }), deps),
  ];
}

function listKeys({ ledger, allowList }: AdminRouteDeps): Route {
  return {
    method: 'get',
    path: '/admin/v1/keys',
    operation: {
      operationId: 'listKeys',
      summary: 'Every key with a record or a permission, ordered by key',
      tag: 'operations',
      parameters: [
        {
          name: 'cursor',
          in: 'query',
          description: 'next_cursor of the page before.',
          schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        },
        limitOf(PAGE_KEYS_MAX),
      ],
      success: { 200: { description: 'One page' } },
      problems: [],
    },
    async handle(request) {
      const limit = request.integer('limit') ?? PAGE_DEFAULT;
      const after = request.text('cursor');
      // One more than asked for tells whether there is a next page.
      const wanted = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
      const records = withConfiguredKeys(
        await ledger.listKeys(wanted),
        allowList.configured,
        wanted,
      );
      const shown = records.slice(0, limit);
      const page: AdminKeyPage = {
        registration: allowList.isOpen ? 'open' : 'closed',
        keys: shown.map((record) => toAdminKey(record, allowList)),
        next_cursor: records.length > limit ? (shown.at(-1)?.publicKeyHex ?? null) : null,
      };
      return json(page);
    },
  };
}

function listActs({ ledger }: AdminRouteDeps): Route {
  return {
    method: 'get',
    path: '/admin/v1/log',
    operation: {
      operationId: 'listActs',
      summary: 'What operators did, newest first',
      tag: 'operations',
      parameters: [
        {
          name: 'before',
          in: 'query',
          description: 'next_before of the page before.',
          schema: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        },
        limitOf(PAGE_ACTS_MAX),
      ],
      success: { 200: { description: 'One page' } },
      problems: [],
    },
    async handle(request) {
      const limit = request.integer('limit') ?? PAGE_DEFAULT;
      const before = request.integer('before');
      const wanted = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
      const records = await ledger.listActs(wanted);
      const shown = records.slice(0, limit);
      const page: AdminActPage = {
        acts: shown.map(toAdminAct),
        next_before: records.length > limit ? (shown.at(-1)?.sequence ?? null) : null,
      };
      return json(page);
    },
  };
}

/** @param decide - what is to be recorded, or why not. */
function actRoute<R extends ActRequest>(
  name: KeyAct['kind'],
  parse: (value: unknown) => Parsed<R>,
  decide: (request: R, publicKeyHex: string) => Promise<KeyAct | Refusal> | KeyAct | Refusal,
  deps: AdminRouteDeps,
): Route {
  return {
    method: 'post',
    path: `/admin/v1/keys/{public_key_hex}/${name}`,
    operation: {
      operationId: `${name}Key`,
      summary: `The act ${name}, with who and why`,
      tag: 'operations',
      parameters: [publicKey],
      success: { 200: { description: 'What was recorded' } },
      problems: ['act_without_effect', 'allow_list_full'],
    },
    async handle(request) {
      const value = parseJson(request.bytes);
      const parsed = value.ok ? parse(value.value) : value;
      if (!parsed.ok) return refuse(parsed.problem);
      const publicKeyHex = request.text('public_key_hex') ?? '';
      const act = await decide(parsed.value, publicKeyHex);
      if (act.kind === 'refused') return act;
      const { actor, reason } = parsed.value;
      return record({ publicKeyHex, act, actor, reason }, request, deps);
    },
  };
}

async function record(
  input: Omit<ActInput, 'actId' | 'atMs'>,
  request: RouteRequest,
  deps: AdminRouteDeps,
): Promise<Reply> {
  const { ledger, allowList, clock, metrics, logger, randomBytes } = deps;
  const result = await ledger.recordAct({
    ...input,
    actId: bytesToHex(randomBytes(16)),
    atMs: clock.nowMs(),
  });
  if (result.kind === 'allow_list_full') {
    return refuseWith('allow_list_full', 'expected room on the allow-list, got none');
  }
  const { sequence } = result.record;
  // The act stands in the ledger with who and why; the line says that and from where.
  logger.info('operator acted on a key', {
    ...{ act: input.act.kind, publicKeyHex: input.publicKeyHex, sequence },
    address: request.address,
  });
  metrics.adminActs.inc({ act: input.act.kind });
  // Here at once; the other verifiers read it in their next round.
  await allowList.refreshQuietly();
  const answer: AdminActAnswer = {
    act: toAdminAct(result.record),
    key: toAdminKey(result.key, allowList),
  };
  return json(answer);
}

function disallow(publicKeyHex: string, allowList: AllowList): KeyAct | Refusal {
  const allowedBy = allowList.allowedBy({ publicKeyHex });
  if (allowedBy === 'none') return { kind: 'disallow' };
  const why =
    allowedBy === 'open_registration' ? 'registration is open' : 'it is named in VERIFY_PUBKEY';
  const detail = `expected a key that only an act allows, got one that stays allowed: ${why}; quarantine refuses its receipts`;
  return refuseWith('act_without_effect', detail);
}

async function quarantine(
  request: QuarantineRequest,
  { epochs }: AdminRouteDeps,
): Promise<KeyAct | Refusal> {
  const { epochId } = await epochs.current();
  const untilEpochId = 'epochs' in request ? epochId + request.epochs : request.until_epoch;
  if (untilEpochId > epochId) return { kind: 'quarantine', untilEpochId };
  const detail = `expected until_epoch after the current epoch ${epochId}, got ${untilEpochId}`;
  return refuse({ code: 'act_without_effect', detail, field: 'until_epoch' });
}

function limitOf(maximum: number): Parameter {
  return {
    name: 'limit',
    in: 'query',
    description: 'Items on the page.',
    schema: { type: 'integer', minimum: 1, maximum, default: PAGE_DEFAULT },
  };
}
