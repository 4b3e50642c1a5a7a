import { FieldReader } from './fields.ts';
import type { Parsed } from './problem.ts';

/** One worker as GET /v1/workers and GET /v1/workers/{did} show it. */
export interface WorkerInfo {
  /** The did:key of `public_key_hex`. */
  readonly did: string;
  readonly public_key_hex: string;
  /** The worker's own words; null when it gave none. */
  readonly label: string | null;
  /** Decimal digits: the number outgrows 2^53. */
  readonly credited_ops: string;
  /** 10^12 ops per second over the last sealed epochs; may have a fraction. */
  readonly verified_tops: number;
  /** Receipts, ever. */
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  /** Rows the next challenge asks for. */
  readonly audit_rows: number;
  /** A lower-case word such as `active` or `quarantined`; the set may grow. */
  readonly state: string;
  /** Unix milliseconds; null when nothing was received. */
  readonly last_seen_at: number | null;
}

/** One page of GET /v1/workers. */
export interface WorkerPage {
  readonly workers: readonly WorkerInfo[];
  /** Goes into the next request; null on the last page. */
  readonly next_cursor: string | null;
}

const workerForm = {
  required: [
    'did',
    'public_key_hex',
    'credited_ops',
    'verified_tops',
    'accepted',
    'rejected',
    'missed',
    'audit_rows',
    'state',
  ],
  unknown: 'ignore',
} as const;

const maxPageWorkers = 1000;

/** Reads one worker; fields a newer verifier adds are ignored. */
export function parseWorkerInfo(value: unknown): Parsed<WorkerInfo> {
  const fields = FieldReader.open(value, workerForm);
  const worker = readWorker(fields);
  return fields.finish(() => worker);
}

/** Reads a page of workers. */
export function parseWorkerPage(value: unknown): Parsed<WorkerPage> {
  const fields = FieldReader.open(value, { required: ['workers'], unknown: 'ignore' });
  const workers = fields.list('workers', { ...workerForm, maxCount: maxPageWorkers }, readWorker);
  const next_cursor = fields.isNone('next_cursor')
    ? null
    : fields.text('next_cursor', {
        pattern: /^[\x21-\x7e]{1,256}$/,
        expected: 'as 1 to 256 printable ASCII characters',
        code: 'text_malformed',
      });
  return fields.finish(() => ({ workers, next_cursor }));
}

function readWorker(fields: FieldReader): WorkerInfo {
  return {
    // The patterns keep what a verifier sends fit to be printed on a terminal.
    did: fields.text('did', {
      pattern: /^did:key:z[1-9A-HJ-NP-Za-km-z]{1,100}$/,
      expected: 'as a did:key',
      code: 'text_malformed',
    }),
    public_key_hex: fields.hex('public_key_hex', 32),
    label: fields.isNone('label')
      ? null
      : fields.text('label', {
          pattern: /^[A-Za-z0-9._-]{1,64}$/,
          expected: 'as a label [A-Za-z0-9._-]{1,64}',
          code: 'text_malformed',
        }),
    credited_ops: readOps(fields),
    verified_tops: fields.decimal('verified_tops'),
    accepted: fields.integer('accepted'),
    rejected: fields.integer('rejected'),
    missed: fields.integer('missed'),
    audit_rows: fields.integer('audit_rows'),
    state: fields.text('state', {
      pattern: /^[a-z][a-z_]{0,31}$/,
      expected: 'as a lower-case word',
      code: 'text_malformed',
    }),
    last_seen_at: fields.isNone('last_seen_at') ? null : fields.integer('last_seen_at'),
  };
}

/** `credited_ops`: decimal digits without leading zeros, in a string. */
export function readOps(fields: FieldReader): string {
  return fields.text('credited_ops', {
    pattern: /^(?:0|[1-9][0-9]{0,39})$/,
    expected: 'as decimal digits',
    code: 'text_malformed',
  });
}
