import { FieldReader } from './fields.ts';
import { type Limits, defaultLimits } from './limits.ts';
import type { Parsed } from './problem.ts';

/** Answer of GET /v1/epoch: what to work on, and this verifier's rules. */
export interface EpochInfo {
  readonly epoch_id: number;
  /** The beacon. */
  readonly prev_hash_hex: string;
  /** Unix milliseconds. */
  readonly opens_at: number;
  /** Unix milliseconds; receipts are taken until `limits.grace_seconds` later. */
  readonly closes_at: number;
  /** Compare with KERNEL_VERSION before working: a verifier of another version still parses. */
  readonly kernel_ver: string;
  /** Ed25519 key of the challenges' signatures. */
  readonly verifier_key_hex: string;
  readonly limits: Limits;
}

const limitNames = Object.keys(defaultLimits) as (keyof Limits)[];

/** Reads GET /v1/epoch; fields and limits a newer verifier adds are ignored. */
export function parseEpochInfo(value: unknown): Parsed<EpochInfo> {
  const fields = FieldReader.open(value, {
    required: [
      'epoch_id',
      'prev_hash_hex',
      'opens_at',
      'closes_at',
      'kernel_ver',
      'verifier_key_hex',
      'limits',
    ],
    unknown: 'ignore',
  });
  const epoch_id = fields.integer('epoch_id');
  const prev_hash_hex = fields.hex('prev_hash_hex', 32);
  const opens_at = fields.integer('opens_at');
  const closes_at = fields.integer('closes_at', { min: opens_at });
  const kernel_ver = fields.text('kernel_ver', {
    pattern: /^[\x21-\x7e]{1,64}$/,
    expected: 'as 1 to 64 printable ASCII characters',
    code: 'text_malformed',
  });
  const verifier_key_hex = fields.hex('verifier_key_hex', 32);
  const limits = readLimits(fields.object('limits', { required: limitNames, unknown: 'ignore' }));
  return fields.finish(() => ({
    epoch_id,
    prev_hash_hex,
    opens_at,
    closes_at,
    kernel_ver,
    verifier_key_hex,
    limits,
  }));
}

function readLimits(fields: FieldReader): Limits {
  const entries = limitNames.map((name) => [name, fields.integer(name)] as const);
  return Object.fromEntries(entries) as unknown as Limits;
}
