import { bytesToHex, type KeyPair } from '@tops/crypto';
import { deriveAttemptKey, type Commitment, type Kernel } from '@tops/kernel-spec';
import {
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  shapeOps,
  signReceipt,
  type Shape,
} from '@tops/protocol';
import type { CompletedAttempt, EpochView } from './attempt.ts';

/** An attempt as it is begun: what its operands are derived from. */
export interface BegunAttempt {
  readonly epoch: EpochView;
  readonly shape: Shape;
  readonly nonce: number;
}

/** Turns attempts of one key and device into receipts. */
export class ReceiptSigner {
  readonly #keyPair: KeyPair;
  readonly #publicKey: Uint8Array;
  readonly #deviceDid: string;
  readonly #kernel: Pick<Kernel, 'driverHint'>;

  constructor(options: {
    readonly keyPair: KeyPair;
    readonly deviceDid: string;
    /** Names what computes; another one after a fallback. */
    readonly kernel: Pick<Kernel, 'driverHint'>;
  }) {
    this.#keyPair = options.keyPair;
    this.#publicKey = options.keyPair.publicKey;
    this.#deviceDid = options.deviceDid;
    this.#kernel = options.kernel;
  }

  /** The 32-byte key that the attempt's operand stream and leaves are made with. */
  attemptKey({ epoch, shape, nonce }: BegunAttempt): Uint8Array {
    return deriveAttemptKey({ prevHash: epoch.prevHash, publicKey: this.#publicKey, nonce, shape });
  }

  complete(
    { epoch, shape, nonce }: BegunAttempt,
    result: { readonly commitment: Commitment; readonly elapsedMs: number },
  ): CompletedAttempt {
    const { commitment, elapsedMs } = result;
    const receipt = signReceipt(
      {
        kernel_ver: KERNEL_VERSION,
        device_did: this.#deviceDid,
        public_key_hex: bytesToHex(this.#publicKey),
        epoch_id: epoch.info.epoch_id,
        prev_hash_hex: epoch.info.prev_hash_hex,
        nonce,
        sizes: shape,
        work_root_hex: bytesToHex(commitment.workRoot),
        time_ms: Math.round(elapsedMs),
        driver_hint: this.#kernel.driverHint,
      },
      this.#keyPair,
    );
    const receiptId = receiptIdOf(receiptSignedBytes(receipt));
    return { epoch, shape, ops: shapeOps(shape), commitment, receipt, receiptId };
  }
}
