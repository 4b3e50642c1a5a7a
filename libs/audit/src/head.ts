import { concatBytes, hexToBytes, verifyStrict } from '@tops/crypto';
import { jcsBytes, type FieldReader } from '@tops/protocol';

/** What a verifier's signature on a sealed epoch covers, in the names it is signed under. */
export interface HeadStatement {
  readonly entry_count: number;
  readonly epoch_id: number;
  readonly head_hex: string;
  readonly ledger_root_hex: string;
  /** The epoch's beacon. */
  readonly prev_hash_hex: string;
}

/** A statement with the signature and the key that made it. */
export interface SignedHead extends HeadStatement {
  readonly head_sig_hex: string;
  readonly verifier_key_hex: string;
}

/** Names of a {@link SignedHead}'s fields, for a message that holds them. */
export const signedHeadFields = [
  ...(['entry_count', 'epoch_id', 'head_hex', 'head_sig_hex'] as const),
  ...(['ledger_root_hex', 'prev_hash_hex', 'verifier_key_hex'] as const),
] as const satisfies readonly (keyof SignedHead)[];

const signingDomain = new TextEncoder().encode('tops-verifier head v2\n');

/** The bytes `head_sig_hex` signs: the domain line, then JCS of the statement's fields and no others. */
export function headSignedBytes(statement: HeadStatement): Uint8Array {
  const { entry_count, epoch_id, head_hex, ledger_root_hex, prev_hash_hex } = statement;
  return concatBytes(
    signingDomain,
    jcsBytes({ entry_count, epoch_id, head_hex, ledger_root_hex, prev_hash_hex }),
  );
}

/** Whether the key named in it signed the head. Whose key that is, is for the caller to know. */
export function verifyHead(head: SignedHead): boolean {
  const verdict = verifyStrict({
    publicKey: hexToBytes(head.verifier_key_hex),
    message: headSignedBytes(head),
    signature: hexToBytes(head.head_sig_hex),
  });
  return verdict === 'valid';
}

/** The seven fields, from a message that has them among others. */
export function readSignedHead(fields: FieldReader): SignedHead {
  return {
    entry_count: fields.integer('entry_count'),
    epoch_id: fields.integer('epoch_id'),
    head_hex: fields.hex('head_hex', 32),
    head_sig_hex: fields.hex('head_sig_hex', 64),
    ledger_root_hex: fields.hex('ledger_root_hex', 32),
    prev_hash_hex: fields.hex('prev_hash_hex', 32),
    verifier_key_hex: fields.hex('verifier_key_hex', 32),
  };
}
