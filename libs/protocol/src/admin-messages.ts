import { FieldReader, isJsonObject } from './fields.ts';
import type { Parsed } from './problem.ts';
import { readOps } from './worker-info.ts';

/** What every act on a key says of itself. */
export interface ActRequest {
  /** Who acts: 1 to 100 characters. */
  readonly actor: string;
  /** Why: 1 to 500 characters. */
  readonly reason: string;
}

/** The end of a quarantine: the first epoch whose receipts are taken again, or so many epochs from the current one. */
export type QuarantineRequest = ActRequest &
  ({ readonly until_epoch: number } | { readonly epochs: number });

/** What lets a key submit receipts: nothing does for `none`. */
export type AllowedBy = 'open_registration' | 'configuration' | 'act' | 'none';

/** One key as the admin API shows it. */
export interface AdminKey {
  readonly public_key_hex: string;
  readonly did: string;
  readonly label: string | null;
  /** `unseen` for a key without a record, else as of GET /v1/workers; the set may grow. */
  readonly state: string;
  /** First epoch whose receipts are taken again; stays after the quarantine has passed. */
  readonly quarantined_until_epoch: number | null;
  /** A lower-case word, see AllowedBy. */
  readonly allowed_by: string;
  /** Since when an act allows the key, unix milliseconds. */
  readonly allowed_at: number | null;
  /** Decimal digits. */
  readonly credited_ops: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly revoked: number;
  /** Unix milliseconds; null when nothing was received. */
  readonly last_seen_at: number | null;
}

/** One page of GET /admin/v1/keys. */
export interface AdminKeyPage {
  /** `open`: any key may register, and allowing one changes nothing for now. */
  readonly registration: string;
  readonly keys: readonly AdminKey[];
  /** Goes into the next request; null on the last page. */
  readonly next_cursor: string | null;
}

/** One line of the log of acts. */
export interface AdminAct {
  readonly sequence: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly actor: string;
  readonly reason: string;
  /** `allow`, `disallow`, `quarantine` or `release`; the set may grow. */
  readonly act: string;
  readonly public_key_hex: string;
  /** Of a quarantine, as it was asked for. */
  readonly until_epoch: number | null;
}

/** One page of GET /admin/v1/log, newest first. */
export interface AdminActPage {
  readonly acts: readonly AdminAct[];
  /** Goes into the next request as `before`; null on the last page. */
  readonly next_before: number | null;
}

/** The answer to an act: what was recorded, and the key as it is now. */
export interface AdminActAnswer {
  readonly act: AdminAct;
  readonly key: AdminKey;
}

/** Items on a page of either list. */
const PAGE_ITEMS_MAX = 500;
/** As QUARANTINE_EPOCHS. */
const QUARANTINE_EPOCHS_MAX = 1_000_000;

/** Text that can be shown on one line of a terminal as it is: no control, format or unassigned character. */
const wording = (maxCharacters: number) =>
  ({
    pattern: new RegExp(`^(?=\\S)[^\\p{C}\\p{Zl}\\p{Zp}]{1,${maxCharacters}}(?<=\\S)$`, 'u'),
    expected: `as 1 to ${maxCharacters} characters without control characters, no space at the ends`,
    code: 'text_malformed',
  }) as const;

/** The form of `actor`. */
export const actorField = wording(100);
const reasonField = wording(500);
const word = {
  pattern: /^[a-z][a-z_]{0,31}$/,
  expected: 'as a lower-case word',
  code: 'text_malformed',
} as const;

/** @param value - attacker-controlled: what `parseJson` gave. */
export function parseActRequest(value: unknown): Parsed<ActRequest> {
  const fields = FieldReader.open(value, { required: ['actor', 'reason'], unknown: 'refuse' });
  const request = readWordings(fields);
  return fields.finish(() => request);
}

/**
 * @param value - attacker-controlled: what `parseJson` gave; exactly one of until_epoch and epochs.
 */
export function parseQuarantineRequest(value: unknown): Parsed<QuarantineRequest> {
  const isUntil = isJsonObject(value) && Object.hasOwn(value, 'until_epoch');
  const end = isUntil ? 'until_epoch' : 'epochs';
  const fields = FieldReader.open(value, {
    required: ['actor', 'reason', end],
    unknown: 'refuse',
  });
  const wordings = readWordings(fields);
  const count = isUntil
    ? fields.integer(end)
    : fields.integer(end, { min: 1, max: QUARANTINE_EPOCHS_MAX });
  return fields.finish(() =>
    isUntil ? { ...wordings, until_epoch: count } : { ...wordings, epochs: count },
  );
}

function readWordings(fields: FieldReader): ActRequest {
  return { actor: fields.text('actor', actorField), reason: fields.text('reason', reasonField) };
}

const keyForm = {
  required: [
    ...['public_key_hex', 'did', 'state', 'allowed_by', 'credited_ops'],
    ...['accepted', 'rejected', 'missed', 'revoked'],
  ],
  unknown: 'ignore',
} as const;
const actForm = {
  required: ['sequence', 'at', 'actor', 'reason', 'act', 'public_key_hex'],
  unknown: 'ignore',
} as const;

/** Reads a page of keys. */
export function parseAdminKeyPage(value: unknown): Parsed<AdminKeyPage> {
  const fields = FieldReader.open(value, { required: ['registration', 'keys'], unknown: 'ignore' });
  const registration = fields.text('registration', word);
  const keys = fields.list('keys', { ...keyForm, maxCount: PAGE_ITEMS_MAX }, readKey);
  const next_cursor = fields.isNone('next_cursor') ? null : fields.hex('next_cursor', 32);
  return fields.finish(() => ({ registration, keys, next_cursor }));
}

/** Reads a page of the log. */
export function parseAdminActPage(value: unknown): Parsed<AdminActPage> {
  const fields = FieldReader.open(value, { required: ['acts'], unknown: 'ignore' });
  const acts = fields.list('acts', { ...actForm, maxCount: PAGE_ITEMS_MAX }, readAct);
  const next_before = integerOrNull(fields, 'next_before');
  return fields.finish(() => ({ acts, next_before }));
}

/** Reads the answer to an act. */
export function parseAdminActAnswer(value: unknown): Parsed<AdminActAnswer> {
  const fields = FieldReader.open(value, { required: ['act', 'key'], unknown: 'ignore' });
  const act = readAct(fields.object('act', actForm));
  const key = readKey(fields.object('key', keyForm));
  return fields.finish(() => ({ act, key }));
}

function readKey(fields: FieldReader): AdminKey {
  return {
    public_key_hex: fields.hex('public_key_hex', 32),
    did: fields.text('did', {
      pattern: /^did:key:z[1-9A-HJ-NP-Za-km-z]{1,100}$/,
      expected: 'as a did:key',
      code: 'text_malformed',
    }),
    label: fields.isNone('label')
      ? null
      : fields.text('label', {
          pattern: /^[A-Za-z0-9._-]{1,64}$/,
          expected: 'as a label [A-Za-z0-9._-]{1,64}',
          code: 'text_malformed',
        }),
    state: fields.text('state', word),
    quarantined_until_epoch: integerOrNull(fields, 'quarantined_until_epoch'),
    allowed_by: fields.text('allowed_by', word),
    allowed_at: integerOrNull(fields, 'allowed_at'),
    credited_ops: readOps(fields),
    accepted: fields.integer('accepted'),
    rejected: fields.integer('rejected'),
    missed: fields.integer('missed'),
    revoked: fields.integer('revoked'),
    last_seen_at: integerOrNull(fields, 'last_seen_at'),
  };
}

function readAct(fields: FieldReader): AdminAct {
  return {
    sequence: fields.integer('sequence'),
    at: fields.integer('at'),
    ...readWordings(fields),
    act: fields.text('act', word),
    public_key_hex: fields.hex('public_key_hex', 32),
    until_epoch: integerOrNull(fields, 'until_epoch'),
  };
}

function integerOrNull(fields: FieldReader, name: string): number | null {
  return fields.isNone(name) ? null : fields.integer(name);
}
