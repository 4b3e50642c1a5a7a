import { blake3, blake3DeriveKey, concatBytes, u64le } from '@tops/crypto';

/** prev_hash and head before anything was opened or sealed: 32 zero bytes. */
export const INITIAL_HASH: Uint8Array = new Uint8Array(32);

const HEAD_CONTEXT = 'tops-worker 2026 ledger v2';

/**
 * The beacon of an epoch (protocol, "Epochs"): BLAKE3(previousPrevHash ‖ latestHead ‖ u64(e) ‖ entropy). Chaining the latest
 * sealed head in makes every later receipt depend on the ledger published so far.
 *
 * @param input - `previousPrevHash`: of the epoch opened before e; `latestHead`: of the latest epoch sealed at that time;
 * both INITIAL_HASH when there is none; 32 bytes each, as is `entropy`.
 * @returns 32 bytes.
 */
export function nextPrevHash(input: {
  readonly previousPrevHash: Uint8Array;
  readonly latestHead: Uint8Array;
  readonly epochId: number;
  readonly entropy: Uint8Array;
}): Uint8Array {
  return blake3(
    concatBytes(input.previousPrevHash, input.latestHead, u64le(input.epochId), input.entropy),
  );
}

/**
 * The head a sealed epoch leaves behind (protocol, "Epochs"): derive_key over previousHead ‖ u64(s) ‖ u64(count) ‖ root.
 *
 * @param input - `previousHead`: of the epoch sealed before s, INITIAL_HASH for the first; `ledgerRoot`: 32 bytes.
 * @returns 32 bytes.
 */
export function nextHead(input: {
  readonly previousHead: Uint8Array;
  readonly epochId: number;
  readonly entryCount: number;
  readonly ledgerRoot: Uint8Array;
}): Uint8Array {
  return blake3DeriveKey(
    HEAD_CONTEXT,
    concatBytes(
      input.previousHead,
      u64le(input.epochId),
      u64le(input.entryCount),
      input.ledgerRoot,
    ),
  );
}
