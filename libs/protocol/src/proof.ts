import { bytesToBase64 } from '@tops/crypto';
import { FieldReader } from './fields.ts';
import type { Parsed } from './problem.ts';

/** The answer to a challenge as it goes over the wire; both fields are base64 and attacker-controlled. */
export interface ProofMessage {
  readonly leaves: string;
  readonly siblings: string;
}

/** The decoded answer: whole 32-byte hashes, at least one leaf. Whether they are as many as the rows imply is not checked yet. */
export interface ProofHashes {
  /** rows × 32 bytes, ascending by row. */
  readonly leaves: Uint8Array;
  /** 32 bytes for each maximal subtree without a challenged row, depth-first left to right; empty when every row was challenged. */
  readonly siblings: Uint8Array;
}

export const proofFields = [
  'leaves',
  'siblings',
] as const satisfies readonly (keyof ProofMessage)[];

const hashBytes = 32;

/** @param value - attacker-controlled: what `parseJson` gave. */
export function parseProof(value: unknown): Parsed<ProofHashes> {
  const fields = FieldReader.open(value, { required: proofFields, unknown: 'refuse' });
  return readProof(fields);
}

/** As {@link parseProof}, for a message that has these two fields among others. */
export function readProof(fields: FieldReader): Parsed<ProofHashes> {
  const leaves = fields.base64('leaves');
  const siblings = fields.base64('siblings');
  for (const [field, bytes, least] of [
    ['leaves', leaves, hashBytes],
    ['siblings', siblings, 0],
  ] as const) {
    if (bytes.length % hashBytes !== 0 || bytes.length < least) {
      const detail = `expected ${field} as whole hashes of ${hashBytes} bytes${least > 0 ? ', at least one' : ''}, got ${bytes.length} bytes`;
      fields.refuse({ code: 'proof_malformed', detail, field });
    }
  }
  return fields.finish(() => ({ leaves, siblings }));
}

/** The wire form of a proof. */
export function encodeProof(proof: ProofHashes): ProofMessage {
  return { leaves: bytesToBase64(proof.leaves), siblings: bytesToBase64(proof.siblings) };
}
