import { defaultLimits, errorCodes } from '@tops/protocol';

type Schema = Readonly<Record<string, unknown>>;

const safeInteger: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const unixMs: Schema = { ...safeInteger, description: 'Unix milliseconds.' };
const count: Schema = { type: 'integer', minimum: 0 };
const ops: Schema = {
  type: 'string',
  pattern: '^(0|[1-9][0-9]*)$',
  description: 'Nominal dense ops, decimal: the number outgrows 2^53.',
};
const rows: Schema = {
  type: 'array',
  items: { type: 'integer', minimum: 0, maximum: 2 ** 24 - 1 },
  minItems: 1,
  uniqueItems: true,
  description: 'Ascending, distinct, below m.',
};
const base64: Schema = {
  type: 'string',
  contentEncoding: 'base64',
  description: 'Hashes of 32 bytes after another; RFC 4648 section 4, padded, canonical.',
};

function hex(byteLength: number, description?: string): Schema {
  const pattern = `^[0-9a-f]{${byteLength * 2}}$`;
  return { type: 'string', pattern, ...(description === undefined ? {} : { description }) };
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An answer: a later verifier may add fields. */
function answer(properties: Readonly<Record<string, Schema>>, optional: string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

/** A request: unknown fields are refused. */
function request(properties: Readonly<Record<string, Schema>>): Schema {
  return { ...answer(properties), additionalProperties: false };
}

const receiptId = hex(32, 'BLAKE3 of the signed bytes of the receipt.');
const row: Schema = { type: 'integer', minimum: 0 };

const workSchemas = {
  Shape: request({
    m: { type: 'integer', minimum: 64, maximum: 2 ** 24, multipleOf: 64 },
    n: { type: 'integer', minimum: 64, maximum: 16_384, multipleOf: 64 },
    k: { type: 'integer', minimum: 64, maximum: 16_384, multipleOf: 64 },
  }),
  Receipt: request({
    kernel_ver: { type: 'string' },
    device_did: {
      type: 'string',
      description: 'The did:key of public_key_hex, or a label [A-Za-z0-9._-]{1,64}.',
    },
    public_key_hex: hex(32),
    epoch_id: safeInteger,
    prev_hash_hex: hex(32),
    nonce: safeInteger,
    sizes: ref('Shape'),
    work_root_hex: hex(32),
    time_ms: { ...safeInteger, description: "The worker's own word: shown, never trusted." },
    driver_hint: { type: 'string', pattern: '^[ -~]{0,64}$' },
    sig_hex: hex(64, 'Ed25519 over "tops-worker receipt v2\\n" and the JCS of the other fields.'),
  }),
  Challenge: answer({
    receipt_id: receiptId,
    rows,
    deadline_at: unixMs,
    challenge_sig_hex: hex(64, "The verifier's Ed25519 signature over the three other fields."),
  }),
  Proof: request({ leaves: base64, siblings: base64 }),
  Bundle: request({ receipt: ref('Receipt'), rows, leaves: base64, siblings: base64 }),
  Accepted: answer({ status: { const: 'accepted' }, credited_ops: ops }),
  Verified: answer({ status: { const: 'accepted' }, receipt_id: receiptId }),
  Limits: answer(Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, count]))),
  EpochInfo: answer({
    epoch_id: safeInteger,
    prev_hash_hex: hex(32, 'The beacon.'),
    opens_at: unixMs,
    closes_at: unixMs,
    kernel_ver: { type: 'string' },
    verifier_key_hex: hex(32),
    limits: ref('Limits'),
  }),
} satisfies Record<string, Schema>;

const epochFields = {
  epoch_id: safeInteger,
  opens_at: unixMs,
  closes_at: unixMs,
  prev_hash_hex: hex(32, 'The beacon.'),
  entropy_hex: hex(32, "The verifier's random bytes in the beacon."),
  previous_epoch_id: { ...safeInteger, description: 'Its beacon is chained into this one.' },
  sealed_at_opening_epoch_id: { ...safeInteger, description: 'Its head is chained in too.' },
  sealed: { type: 'boolean' },
  head_hex: hex(32),
  ledger_root_hex: hex(32),
  entry_count: count,
  head_sig_hex: hex(64, "The verifier's Ed25519 signature on the head (docs/protocol.md, Epochs)."),
  verifier_key_hex: hex(32, 'The key of that signature.'),
  archived: {
    type: 'boolean',
    description: 'True once its receipts are served no more (RETENTION_DAYS).',
  },
};
const epochOptional = [
  ...['previous_epoch_id', 'sealed_at_opening_epoch_id'],
  ...['head_hex', 'ledger_root_hex', 'entry_count'],
  ...['head_sig_hex', 'verifier_key_hex', 'archived'],
];
const tallies = { accepted: count, rejected: count, missed: count };
const outcome: Schema = { enum: ['accepted', 'rejected', 'missed', 'revoked'] };
const credit = answer({
  did: { type: 'string' },
  public_key_hex: hex(32),
  credited_ops: ops,
  ...tallies,
  revoked: count,
});
const entry = answer({ credited_ops: ops, outcome, receipt_id: receiptId, rows });

const readingSchemas = {
  ReceiptEvidence: answer(
    {
      receipt_id: receiptId,
      receipt: ref('Receipt'),
      rows,
      deadline_at: unixMs,
      challenge_sig_hex: hex(64),
      received_at: unixMs,
      outcome: { enum: ['open', 'accepted', 'rejected', 'missed', 'revoked'] },
      credited_ops: ops,
      row: { ...row, description: 'Rejected only: the row that recomputation contradicted.' },
      leaves: {
        ...base64,
        description: 'Rejected only: with siblings, a bundle for POST /verify.',
      },
      siblings: base64,
      settled_at: unixMs,
    },
    ['row', 'leaves', 'siblings', 'settled_at'],
  ),
  Evidence: answer({
    receipt: ref('Receipt'),
    rows,
    deadline_at: unixMs,
    challenge_sig_hex: hex(64, 'Of verifier_key_hex over receipt id, rows and deadline_at.'),
    verifier_key_hex: hex(32),
    leaves: base64,
    siblings: base64,
    mismatch_row: { ...row, description: 'The row that recomputation contradicted.' },
  }),
  Worker: answer({
    did: { type: 'string' },
    public_key_hex: hex(32),
    label: { type: ['string', 'null'], description: "The worker's own words." },
    credited_ops: ops,
    verified_tops: { type: 'number', description: 'By the clock of the verifier alone.' },
    ...tallies,
    audit_rows: { ...count, description: 'Rows the next challenge asks for.' },
    state: {
      type: 'string',
      description: 'new, active, quarantined or probation; the set may grow.',
    },
    last_seen_at: { ...unixMs, type: ['integer', 'null'] },
  }),
  WorkerPage: answer({
    workers: { type: 'array', items: ref('Worker') },
    next_cursor: { type: ['string', 'null'] },
  }),
  EpochRecord: answer(epochFields, epochOptional),
  EpochPage: answer(
    {
      epochs: { type: 'array', items: ref('EpochRecord') },
      next_before: safeInteger,
      next_from: safeInteger,
    },
    ['next_before', 'next_from'],
  ),
  ArchivedReceipt: answer(
    {
      receipt: ref('Receipt'),
      receipt_id: receiptId,
      rows,
      deadline_at: unixMs,
      challenge_sig_hex: hex(64),
      received_at: unixMs,
      outcome,
      credited_ops: ops,
      settled_at: unixMs,
      mismatch_row: { ...row, description: 'Rejected only.' },
      leaves: { ...base64, description: 'Rejected only, while the proof is kept.' },
      siblings: base64,
    },
    ['mismatch_row', 'leaves', 'siblings'],
  ),
  ReceiptPage: answer({
    receipts: { type: 'array', items: ref('ArchivedReceipt') },
    next_cursor: { type: ['string', 'null'] },
  }),
  CreditPage: answer({
    credits: { type: 'array', items: credit },
    next_cursor: { type: ['string', 'null'] },
  }),
  Inclusion: answer({
    entry,
    index: { ...count, description: "Of the entry among the epoch's." },
    entry_count: count,
    epoch_id: safeInteger,
    path: {
      type: 'array',
      items: hex(32),
      description: 'RFC 9162 section 2.1.3.1, from the leaf up.',
    },
    ledger_root_hex: hex(32),
    head_hex: hex(32),
    prev_hash_hex: hex(32),
    head_sig_hex: hex(64),
    verifier_key_hex: hex(32),
  }),
  EpochCredits: answer(
    {
      ...epochFields,
      credits: {
        type: 'array',
        items: credit,
      },
      entries: {
        type: 'array',
        description: 'In commit order; empty until the epoch is sealed, and once it is archived.',
        items: entry,
      },
    },
    epochOptional,
  ),
} satisfies Record<string, Schema>;

const problemSchemas = {
  ErrorCode: {
    type: 'string',
    enum: Object.keys(errorCodes),
    description: 'Stable; docs/errors.md says what each means and what to do about it.',
  },
  Problem: answer(
    {
      type: { type: 'string' },
      title: { type: 'string' },
      status: {
        oneOf: [{ type: 'integer' }, { const: 'rejected' }],
        description: 'The HTTP status; the word "rejected" for row_mismatch.',
      },
      detail: { type: 'string' },
      code: ref('ErrorCode'),
      field: { type: 'string' },
      row,
    },
    ['field', 'row'],
  ),
} satisfies Record<string, Schema>;

/** Components of /openapi.json: every message of the surface. */
export const openApiSchemas: Readonly<Record<string, Schema>> = {
  ...workSchemas,
  ...readingSchemas,
  ...problemSchemas,
  Health: answer({ status: { const: 'ok' }, uptime_seconds: count }),
  Readiness: answer({ ready: { type: 'boolean' }, checks: { type: 'object' } }),
};
