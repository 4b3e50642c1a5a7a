import { deriveAttemptKey, type Attempt } from '@tops/kernel-spec';
import type { ParsedReceipt } from '@tops/protocol';

/** The work a receipt claims: its operands follow from beacon, key, nonce and shape, from nothing else. */
export function attemptOf(parsed: ParsedReceipt): Attempt {
  const { nonce, sizes: shape } = parsed.receipt;
  const { prevHash, publicKey } = parsed;
  return { attemptKey: deriveAttemptKey({ prevHash, publicKey, nonce, shape }), shape };
}
