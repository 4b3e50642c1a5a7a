import { type ErrorEntry, requestErrorCodes } from './request-error-codes.ts';

/**
 * Every code a problem can carry, in the order of docs/errors.md. The list is closed: a code is part of the contract, its
 * meaning never changes, and a retired code is not reused.
 */
export const errorCodes = {
  ...requestErrorCodes,

  // The receipt.
  kernel_ver_unsupported: {
    status: 422,
    title: 'Unsupported kernel version',
    meaning:
      'The receipt was made under other rules than this verifier checks (kernel_ver of /v1/epoch). Upgrade the older side.',
  },
  device_did_malformed: {
    status: 400,
    title: 'Malformed device_did',
    meaning:
      'device_did must be the did:key of public_key_hex, or a label of 1 to 64 characters from A-Z a-z 0-9 . _ and -.',
  },
  device_did_foreign: {
    status: 422,
    title: 'Foreign device_did',
    meaning:
      'device_did is the did:key of a key other than public_key_hex. Nobody reports in the name of another key.',
  },
  driver_hint_malformed: {
    status: 400,
    title: 'Malformed driver_hint',
    meaning: 'driver_hint must be 0 to 64 printable ASCII characters.',
  },
  shape_invalid: {
    status: 422,
    title: 'Shape outside the rules',
    meaning:
      'm and k must be multiples of 64 (m from 64 to 16777216, k from 64 to 16384); n a multiple of 64 up to 1024, or 2048, 4096, 8192 or 16384.',
  },
  shape_below_min_rows: {
    status: 422,
    title: 'Too few rows',
    meaning:
      'm is below limits.min_rows of /v1/epoch, so checking would not be much cheaper than working. Use more rows.',
  },
  shape_over_limit: {
    status: 422,
    title: 'Weights over the limit',
    meaning: 'k·n + n·n is above limits.max_weights of /v1/epoch. Use smaller n and k.',
  },
  public_key_invalid: {
    status: 422,
    title: 'Invalid public key',
    meaning:
      'public_key_hex is not the canonical encoding of an Ed25519 point, or a point of small order. Make a new key.',
  },
  signature_non_canonical: {
    status: 422,
    title: 'Non-canonical signature',
    meaning:
      'R is not canonically encoded or S is not below the group order (RFC 8032 section 5.1.7). Sign with a conforming library.',
  },
  signature_invalid: {
    status: 422,
    title: 'Invalid signature',
    meaning:
      'The signature does not verify over the signed bytes of docs/protocol.md with the key of the message.',
  },
  key_not_allowed: {
    status: 403,
    title: 'Key not on the allow-list',
    meaning: 'This verifier takes receipts from listed keys only. Ask its operator to add the key.',
  },
  key_quarantined: {
    status: 403,
    title: 'Key in quarantine',
    meaning:
      'A row of this key was proven wrong lately, or an operator of the verifier quarantined it. Find out why the worker computes wrong rows, or ask the operator; the detail names the epoch from which receipts are taken again.',
  },
  epoch_unknown: {
    status: 409,
    title: 'Epoch not opened',
    meaning:
      'The verifier has not opened this epoch. Get /v1/epoch, and work on the epoch it names; epoch ids are never guessed.',
  },
  epoch_closed: {
    status: 409,
    title: 'Epoch closed',
    meaning:
      'The epoch and its grace time were over when the receipt had arrived. Drop the receipt and get the current epoch; smaller attempts finish sooner.',
  },
  prev_hash_mismatch: {
    status: 409,
    title: 'Wrong beacon for this epoch',
    meaning:
      'prev_hash_hex is not the beacon the verifier published for epoch_id. Drop the receipt and get the current epoch.',
  },
  nonce_already_used: {
    status: 409,
    title: 'Nonce already used',
    meaning:
      'Another receipt of this key holds the nonce in this epoch. Start again at a new random nonce; two processes may share the key.',
  },
  too_many_open_challenges: {
    status: 429,
    title: 'Too many open challenges',
    meaning:
      'The key or the address has as many unanswered challenges as it may. Answer them, or wait as long as Retry-After says.',
  },

  // The proof.
  proof_malformed: {
    status: 422,
    title: 'Proof does not fold to the work root',
    meaning:
      'The leaves and siblings are not as many as rows and m imply, or do not fold to work_root_hex. Costs nothing and may be corrected until the deadline.',
  },
  row_mismatch: {
    status: 422,
    title: 'Recomputed row differs',
    meaning:
      'The named row, recomputed by two kernels, is not the one committed to. Final: the receipt is rejected, the credit the key earned in this epoch is revoked and the key is quarantined.',
  },
  deadline_passed: {
    status: 410,
    title: 'Deadline passed',
    meaning:
      'The whole proof had not arrived by deadline_at. The receipt earns nothing and costs nothing else; go on with the next attempt.',
  },
  receipt_revoked: {
    status: 409,
    title: 'Receipt revoked',
    meaning:
      'Another receipt of this key was proven wrong in the same epoch, which closed this one too. No proof for it is taken.',
  },
  receipt_not_found: {
    status: 404,
    title: 'No such receipt',
    meaning: 'No receipt with this id is recorded. Submit the receipt first.',
  },
  evidence_not_found: {
    status: 404,
    title: 'No evidence kept',
    meaning:
      'The receipt was not rejected, or the proof that contradicted it is no longer kept (EVIDENCE_DAYS, EVIDENCE_MAX_MB).',
  },
  rows_invalid: {
    status: 422,
    title: 'Rows outside the rules',
    meaning:
      'rows must be ascending, distinct, below m, at least one and at most limits.audit_rows_max.',
  },

  // Reading.
  worker_not_found: {
    status: 404,
    title: 'No such worker',
    meaning: 'No receipt of this did:key is recorded.',
  },
  epoch_not_found: {
    status: 404,
    title: 'No such epoch',
    meaning: 'The epoch has not been opened, or was skipped while the verifier was down.',
  },

  epoch_not_sealed: {
    status: 409,
    title: 'Epoch not sealed yet',
    meaning:
      'The epoch can still change: its entries are final, and its head signed, some seconds after it closed. Ask again later.',
  },
  receipt_archived: {
    status: 410,
    title: 'Receipt archived',
    meaning:
      "The receipts of this epoch are no longer in the ledger: they are in the verifier's archive, which its operator has. Credits, root, head and signature of the epoch are still served.",
  },

  // The admin API.
  unauthorized: {
    status: 401,
    title: 'Not authorised',
    meaning:
      'The admin API answers nobody without its token: send Authorization: Bearer and the value of ADMIN_TOKEN. After ten failures an address waits.',
  },
  act_without_effect: {
    status: 409,
    title: 'Act without effect',
    meaning:
      'The key would not be afterwards what the act says: a disallowed key still allowed by VERIFY_PUBKEY or open registration, or a quarantine that ends before it begins. Nothing was recorded; the detail says what to do instead.',
  },
  allow_list_full: {
    status: 409,
    title: 'Allow-list full',
    meaning: 'Acts may allow 10000 keys. Disallow some, or name them in VERIFY_PUBKEY.',
  },

  // The service.
  overloaded: {
    status: 503,
    title: 'Overloaded',
    meaning:
      'A bounded queue is full. Nothing was recorded: wait as long as Retry-After says, then send the same request again.',
  },
  not_ready: {
    status: 503,
    title: 'Not ready',
    meaning:
      'The service is starting or shutting down, or one of its parts is unavailable (/ready says which). Try again later.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning:
      'A fault of the service, not of the request; the log has the cause. The same request may be sent again: every route that writes is idempotent.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** A stable, machine-readable reason; see docs/errors.md. */
export type ErrorCode = keyof typeof errorCodes;

/** Code → HTTP status. */
export const errorStatus = Object.freeze(
  Object.fromEntries(Object.entries(errorCodes).map(([code, { status }]) => [code, status])),
) as Readonly<Record<ErrorCode, number>>;
