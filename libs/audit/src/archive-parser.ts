import {
  FieldReader,
  isJsonObject,
  jcs,
  parseReceipt,
  type Parsed,
  type ParsedReceipt,
} from '@tops/protocol';
import {
  ARCHIVE_ANCHORS_MAX,
  type CreditFields,
  type EndLine,
  type EpochFields,
  type ReceiptFields,
} from './archive-lines.ts';
import { readSignedHead, signedHeadFields, type SignedHead } from './head.ts';
import type { FinalOutcome } from './ledger-entry.ts';

/** A line taken apart; nothing of it is checked but its form. */
export type ParsedLine =
  | { readonly kind: 'header'; readonly format: string; readonly anchors: readonly SignedHead[] }
  | ({ readonly kind: 'epoch' } & EpochFields)
  | ({ readonly kind: 'receipt'; readonly parsed: ParsedReceipt } & ReceiptFields)
  | ({ readonly kind: 'credit' } & CreditFields)
  | EndLine;

export interface LineProblem {
  readonly detail: string;
  readonly field?: string;
}

/** A line's value in its one form, before its fields are read. */
export type CanonicalLine =
  | {
      readonly ok: true;
      readonly value: Readonly<Record<string, unknown>>;
      readonly chainHex: string;
    }
  | { readonly ok: false; readonly problem: LineProblem };

type Read = { ok: true; line: ParsedLine } | { ok: false; problem: LineProblem };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const outcomes: readonly string[] = ['accepted', 'rejected', 'missed', 'revoked'];
const opsPattern = /^(?:0|[1-9][0-9]{0,38})$/;

/**
 * Reads the bytes of a line, without its line feed. Only RFC 8785 JSON is taken, so that no byte is free: printing the value
 * again has to give the line, which no duplicate key, other spelling of a number or white space survives.
 */
export function parseCanonical(bytes: Uint8Array): CanonicalLine {
  const refuse = (detail: string, field?: string): CanonicalLine => ({
    ok: false,
    problem: { detail, ...(field === undefined ? {} : { field }) },
  });
  let value: unknown;
  try {
    const text = decoder.decode(bytes);
    value = JSON.parse(text);
    if (jcs(value) !== text) return refuse('expected RFC 8785 JSON, got another form of it');
  } catch {
    return refuse('expected RFC 8785 JSON in UTF-8, got something else');
  }
  if (!isJsonObject(value)) return refuse('expected a JSON object, got another value');
  const { chain_hex: chainHex, ...rest } = value;
  if (typeof chainHex !== 'string' || !/^[0-9a-f]{64}$/.test(chainHex)) {
    return refuse('expected chain_hex as 64 lower-case hex digits, got another value', 'chain_hex');
  }
  return { ok: true, value: rest, chainHex };
}

/** @param value - of a canonical line, chain_hex taken out; attacker-controlled. */
export function parseLine(value: Readonly<Record<string, unknown>>): Read {
  const { kind, ...fields } = value;
  switch (kind) {
    case 'header':
      return readHeader(fields);
    case 'epoch':
      return readEpoch(fields);
    case 'receipt':
      return readReceiptLine(fields);
    case 'credit':
      return readCredit(fields);
    case 'end':
      return readEnd(fields);
    default:
      return { ok: false, problem: { detail: 'expected a known kind of line', field: 'kind' } };
  }
}

/** A reader that knows which optional fields are there. */
function open(value: object, required: readonly string[], optional: readonly string[] = []) {
  const present = optional.filter((name) => Object.hasOwn(value, name));
  const fields = FieldReader.open(value, {
    required: [...required, ...present],
    unknown: 'refuse',
  });
  return { fields, has: (name: string) => present.includes(name) };
}

function finish(fields: FieldReader, make: () => ParsedLine): Read {
  const result = fields.finish(make);
  if (result.ok) return { ok: true, line: result.value };
  const { detail, field } = result.problem;
  return { ok: false, problem: { detail, ...(field === undefined ? {} : { field }) } };
}

function readHeader(value: object): Read {
  const { fields } = open(value, ['format', 'anchors']);
  const format = fields.string('format');
  const form = { required: signedHeadFields, unknown: 'refuse' } as const;
  const anchors = fields.list(
    'anchors',
    { ...form, maxCount: ARCHIVE_ANCHORS_MAX },
    readSignedHead,
  );
  return finish(fields, () => ({ kind: 'header', format, anchors }));
}

function readEpoch(value: object): Read {
  const { fields, has } = open(
    value,
    [...signedHeadFields, 'opens_at', 'closes_at', 'entropy_hex'],
    ['previous_epoch_id', 'sealed_at_opening_epoch_id'],
  );
  const epoch = {
    ...readSignedHead(fields),
    opens_at: fields.integer('opens_at'),
    closes_at: fields.integer('closes_at'),
    entropy_hex: fields.hex('entropy_hex', 32),
    ...(has('previous_epoch_id') ? { previous_epoch_id: fields.integer('previous_epoch_id') } : {}),
    ...(has('sealed_at_opening_epoch_id')
      ? { sealed_at_opening_epoch_id: fields.integer('sealed_at_opening_epoch_id') }
      : {}),
  };
  return finish(fields, () => ({ kind: 'epoch', ...epoch }));
}

const receiptLineFields = [
  ...['receipt', 'receipt_id', 'rows', 'deadline_at', 'challenge_sig_hex'],
  ...['received_at', 'outcome', 'credited_ops', 'settled_at'],
] as const;

const receiptMessageFields = [...receiptLineFields, 'mismatch_row', 'leaves', 'siblings'] as const;

function readReceiptLine(value: Readonly<Record<string, unknown>>): Read {
  const parsed = parseReceipt(value['receipt']);
  if (!parsed.ok) {
    const { detail, field } = parsed.problem;
    return { ok: false, problem: { detail, field: field ? `receipt.${field}` : 'receipt' } };
  }
  const rejected = value['outcome'] === 'rejected';
  const hasProof = Object.hasOwn(value, 'leaves') || Object.hasOwn(value, 'siblings');
  const { fields } = open(value, [
    ...receiptLineFields,
    ...(rejected ? ['mismatch_row', ...(hasProof ? ['leaves', 'siblings'] : [])] : []),
  ]);
  const line = {
    receipt: parsed.value.receipt,
    receipt_id: fields.hex('receipt_id', 32),
    // Judged against m, ascending and distinct, by the audit itself.
    rows: fields.integers('rows', { maxCount: 4096, tooMany: 'rows_invalid' }),
    deadline_at: fields.integer('deadline_at'),
    challenge_sig_hex: fields.hex('challenge_sig_hex', 64),
    received_at: fields.integer('received_at'),
    outcome: readOutcome(fields),
    credited_ops: readOps(fields),
    settled_at: fields.integer('settled_at'),
    ...(rejected ? { mismatch_row: fields.integer('mismatch_row') } : {}),
    ...(rejected && hasProof
      ? { leaves: fields.string('leaves'), siblings: fields.string('siblings') }
      : {}),
  };
  return finish(fields, () => ({ kind: 'receipt', parsed: parsed.value, ...line }));
}

/**
 * A receipt or credit as a verifier's route gives it; fields that a newer verifier adds are left out.
 *
 * @param value - attacker-controlled: what `parseJson` gave.
 */
export function readMessage(kind: 'receipt', value: unknown): Parsed<ReceiptFields>;
export function readMessage(kind: 'credit', value: unknown): Parsed<CreditFields>;
export function readMessage(kind: 'receipt' | 'credit', value: unknown): Parsed<object> {
  const known: readonly string[] = kind === 'receipt' ? receiptMessageFields : creditFields;
  const source = isJsonObject(value) ? value : {};
  const picked = Object.fromEntries(
    Object.entries(source).filter(([name, field]) => known.includes(name) && field !== null),
  );
  const read = parseLine({ ...picked, kind });
  if (!read.ok) return { ok: false, problem: { code: 'field_type', ...read.problem } };
  const line: Readonly<Record<string, unknown>> = { ...read.line };
  return {
    ok: true,
    value: Object.fromEntries(Object.entries(line).filter(([name]) => known.includes(name))),
  };
}

function readOutcome(fields: FieldReader): FinalOutcome {
  return fields.text('outcome', {
    pattern: new RegExp(`^(?:${outcomes.join('|')})$`),
    expected: `as one of ${outcomes.join(', ')}`,
    code: 'text_malformed',
  }) as FinalOutcome;
}

function readOps(fields: FieldReader): string {
  return fields.text('credited_ops', {
    pattern: opsPattern,
    expected: 'as decimal digits',
    code: 'text_malformed',
  });
}

const creditFields = [
  ...['did', 'public_key_hex', 'credited_ops'],
  ...['accepted', 'rejected', 'missed', 'revoked'],
] as const;

function readCredit(value: object): Read {
  const { fields } = open(value, creditFields);
  const credit = {
    did: fields.string('did'),
    public_key_hex: fields.hex('public_key_hex', 32),
    credited_ops: readOps(fields),
    accepted: fields.integer('accepted'),
    rejected: fields.integer('rejected'),
    missed: fields.integer('missed'),
    revoked: fields.integer('revoked'),
  };
  return finish(fields, () => ({ kind: 'credit', ...credit }));
}

function readEnd(value: object): Read {
  const { fields } = open(value, ['epoch_count', 'receipt_count', 'line_count']);
  const end = {
    epoch_count: fields.integer('epoch_count'),
    receipt_count: fields.integer('receipt_count'),
    line_count: fields.integer('line_count'),
  };
  return finish(fields, () => ({ kind: 'end', ...end }));
}
