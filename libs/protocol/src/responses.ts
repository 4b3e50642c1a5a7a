import { FieldReader } from './fields.ts';
import type { Parsed } from './problem.ts';
import { readOps } from './worker-info.ts';

/** Answer to an accepted proof. */
export interface AcceptedResponse {
  readonly status: 'accepted';
  /** Decimal digits. */
  readonly credited_ops: string;
}

/** Answer of POST /verify to a bundle whose rows are right; nothing is recorded and nothing earned. */
export interface VerifiedResponse {
  readonly status: 'accepted';
  readonly receipt_id: string;
}

/** Reads the answer to a proof; fields a newer verifier adds are ignored. */
export function parseAcceptedResponse(value: unknown): Parsed<AcceptedResponse> {
  const fields = openAccepted(value, 'credited_ops');
  const credited_ops = readOps(fields);
  return fields.finish(() => ({ status: 'accepted', credited_ops }));
}

/** Reads the answer of POST /verify. */
export function parseVerifiedResponse(value: unknown): Parsed<VerifiedResponse> {
  const fields = openAccepted(value, 'receipt_id');
  const receipt_id = fields.hex('receipt_id', 32);
  return fields.finish(() => ({ status: 'accepted', receipt_id }));
}

function openAccepted(value: unknown, field: string): FieldReader {
  const fields = FieldReader.open(value, { required: ['status', field], unknown: 'ignore' });
  fields.text('status', {
    pattern: /^accepted$/,
    expected: 'as "accepted"',
    code: 'text_malformed',
  });
  return fields;
}
