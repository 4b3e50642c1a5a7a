import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { bytesToHex, concatBytes, hexToBytes, type KeyPair } from '@tops/crypto';
import { challengeSignedBytes } from '@tops/protocol';

/** RFC 8410 §7: the PKCS #8 wrapping of an Ed25519 seed. */
const pkcs8Prefix = hexToBytes('302e020100300506032b657004220420');

/**
 * Signs challenges with the verifier's key: a worker can show which rows it was asked for, and by when.
 *
 * By node:crypto and not the project's own `sign`: the same bytes (RFC 8032 signatures are deterministic, and a spec holds
 * them equal) in a hundredth of the time, on the one thread that answers everybody.
 */
export class ChallengeSigner {
  readonly publicKeyHex: string;
  readonly #privateKey: KeyObject;

  constructor(options: { readonly keyPair: KeyPair }) {
    const { seed, publicKey } = options.keyPair;
    this.publicKeyHex = bytesToHex(publicKey);
    const key = Buffer.from(concatBytes(pkcs8Prefix, seed));
    this.#privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }

  /** @param input - rows ascending; deadlineAtMs in unix milliseconds. */
  signHex(input: { receiptId: string; rows: readonly number[]; deadlineAtMs: number }): string {
    const message = challengeSignedBytes({
      receipt_id: input.receiptId,
      rows: input.rows,
      deadline_at: input.deadlineAtMs,
    });
    return bytesToHex(sign(null, message, this.#privateKey));
  }
}
