import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { headSignedBytes, type HeadStatement } from '@tops/audit';
import { bytesToHex, concatBytes, hexToBytes, type KeyPair } from '@tops/crypto';
import type { EpochRecord, LedgerStore } from '@tops/ledger';
import type { Clock } from './clock.ts';

/** RFC 8410 §7: the PKCS #8 wrapping of an Ed25519 seed. */
const pkcs8Prefix = hexToBytes('302e020100300506032b657004220420');

/** One is ordinary; a ledger from before heads were signed has many, and the epoch clock's round must go on. */
const SIGNED_AT_ONCE_MAX = 64;

/** Signs the heads of sealed epochs with the verifier's key; by node:crypto for the reason ChallengeSigner gives. */
export class HeadSigner {
  /** 32 bytes. */
  readonly verifierKey: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor(options: { readonly keyPair: KeyPair }) {
    const { seed, publicKey } = options.keyPair;
    this.verifierKey = publicKey;
    const key = Buffer.from(concatBytes(pkcs8Prefix, seed));
    this.#privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }

  /** Signs what is sealed and unsigned, oldest first: what a crash left so too, here or of another verifier. The first signature stays. */
  async signSealed(deps: {
    readonly ledger: Pick<LedgerStore, 'archive'>;
    readonly clock: Pick<Clock, 'nowMs'>;
  }): Promise<void> {
    const { archive } = deps.ledger;
    for (const epoch of await archive.unsignedEpochs({ limit: SIGNED_AT_ONCE_MAX })) {
      const { epochId } = epoch;
      const signature = this.sign(epoch);
      const atMs = deps.clock.nowMs();
      await archive.signHead({ epochId, signature, verifierKey: this.verifierKey, atMs });
    }
  }

  /** @throws RangeError for an epoch that is not sealed: a bug of the caller. */
  sign(epoch: EpochRecord): Uint8Array {
    return Uint8Array.from(sign(null, headSignedBytes(statementOf(epoch)), this.#privateKey));
  }
}

function statementOf(epoch: EpochRecord): HeadStatement {
  const { sealed, epochId, prevHash } = epoch;
  if (sealed === undefined) throw new RangeError(`expected a sealed epoch, got ${epochId}`);
  return {
    entry_count: sealed.entryCount,
    epoch_id: epochId,
    head_hex: bytesToHex(sealed.head),
    ledger_root_hex: bytesToHex(sealed.ledgerRoot),
    prev_hash_hex: bytesToHex(prevHash),
  };
}
