import vectors from '../vectors/protocol-vectors.json' with { type: 'json' };

/** One case of the protocol's own vectors (docs/protocol.md): every hash is lower-case hex, `a_row0_first16` is int8. */
export interface ProtocolVector {
  readonly name: string;
  readonly prev_hash_hex: string;
  readonly public_key_hex: string;
  readonly nonce: number;
  readonly sizes: { readonly m: number; readonly n: number; readonly k: number };
  readonly attempt_key_hex: string;
  readonly a_row0_first16: readonly number[];
  readonly leaf0_hex: string;
  readonly leaf_last_hex: string;
  readonly work_root_hex: string;
  readonly rows: readonly number[];
  readonly leaves_hex: string;
  readonly siblings_hex: string;
}

/** The protocol's normative vectors: three shapes, from operand bytes to the answer of a challenge. */
export const protocolVectors: readonly ProtocolVector[] = vectors.cases;
