interface ErrorEntry {
  /** HTTP status the verifier answers with. */
  readonly status: number;
  /** Short and constant: the `title` of the problem document. */
  readonly title: string;
  /** What happened, and what the caller does about it. */
  readonly meaning: string;
}

/**
 * Every code a problem can carry, in the order of docs/errors.md. The list is closed: a code is part of the contract, its
 * meaning never changes, and a retired code is not reused.
 */
export const errorCodes = {
  // The request itself.
  route_not_found: {
    status: 404,
    title: 'No such route',
    meaning: 'Nothing is served under this path. Compare it with /openapi.json.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, the method does not. The Allow header lists those that do.',
  },
  path_invalid: {
    status: 400,
    title: 'Invalid path parameter',
    meaning:
      'A part of the path does not have the form its route expects, or is not valid percent-encoding. Correct the path; repeating it cannot succeed.',
  },
  query_invalid: {
    status: 400,
    title: 'Invalid query parameter',
    meaning:
      'A query parameter is unknown, repeated, or outside its range. Correct the named parameter.',
  },
  content_type_unsupported: {
    status: 415,
    title: 'Unsupported content type',
    meaning: 'The body must be sent as application/json, in UTF-8.',
  },
  content_encoding_unsupported: {
    status: 415,
    title: 'Unsupported content encoding',
    meaning:
      'Compressed bodies are refused, so that a small request cannot grow. Send it uncompressed.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    meaning:
      'The body is longer than limits.body_bytes of /v1/epoch. No message of the protocol needs that much.',
  },
  body_empty: {
    status: 400,
    title: 'Empty body',
    meaning: 'The route expects a JSON object and got no bytes at all.',
  },
  body_incomplete: {
    status: 400,
    title: 'Incomplete body',
    meaning:
      'The connection ended before the announced body was complete. Nothing was recorded: send the whole request again.',
  },
  request_timeout: {
    status: 408,
    title: 'Request took too long',
    meaning:
      'The request did not arrive in full within the time the server waits. Nothing was recorded: send it again on a new connection.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning:
      'The key or the address is over its rate. Wait as long as Retry-After says, then send the same request again.',
  },

  // JSON and the forms of single fields.
  utf8_malformed: {
    status: 400,
    title: 'Body is not UTF-8',
    meaning: 'The bytes are not valid UTF-8 (RFC 3629). Correct the encoder.',
  },
  json_malformed: {
    status: 400,
    title: 'Body is not JSON',
    meaning:
      'The text is not one RFC 8259 value. A byte order mark, trailing text, a number with leading zeros and a lone surrogate are refused too.',
  },
  json_too_deep: {
    status: 400,
    title: 'JSON nested too deep',
    meaning: 'Objects and arrays are nested deeper than any message of the protocol.',
  },
  json_duplicate_key: {
    status: 400,
    title: 'Duplicate JSON key',
    meaning:
      'One object names the same key twice, even if with equal values. Two readers could see two messages, so neither is taken.',
  },
  field_unknown: {
    status: 400,
    title: 'Unknown field',
    meaning: 'The message has a field the protocol does not define. Remove it.',
  },
  field_missing: {
    status: 400,
    title: 'Missing field',
    meaning: 'A field the protocol requires is absent. Add it.',
  },
  field_type: {
    status: 400,
    title: 'Wrong field type',
    meaning: 'A field holds another JSON type than the protocol defines for it.',
  },
  integer_malformed: {
    status: 400,
    title: 'Malformed integer',
    meaning:
      'An integer must be plain decimal digits from 0 to 9007199254740991: no sign, fraction or exponent.',
  },
  hex_malformed: {
    status: 400,
    title: 'Malformed hex',
    meaning: 'A hex field must be lower-case and of exactly the length its name implies.',
  },
  base64_malformed: {
    status: 400,
    title: 'Malformed base64',
    meaning:
      'A base64 field must be RFC 4648 section 4: the standard alphabet, padded, no white space, unused bits zero.',
  },
  text_malformed: {
    status: 400,
    title: 'Malformed text',
    meaning:
      'A text field holds characters, or a length, its definition does not allow. The detail says which.',
  },

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
      'A row of this key was proven wrong lately. Find out why the worker computes wrong rows; the detail names the epoch from which receipts are taken again.',
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

/** Whether `text` is a code of the closed list (a newer peer may send one that is not). */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

/** Code → HTTP status. */
export const errorStatus = Object.freeze(
  Object.fromEntries(Object.entries(errorCodes).map(([code, { status }]) => [code, status])),
) as Readonly<Record<ErrorCode, number>>;
