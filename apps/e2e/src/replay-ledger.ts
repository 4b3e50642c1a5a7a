import {
  blake3,
  blake3DeriveKey,
  bytesToHex,
  concatBytes,
  hexToBytes,
  ledgerTreeHasher,
  merkleRoot,
  u64le,
} from '@tops/crypto';
import { jcsBytes } from '@tops/protocol';

/** One line of an epoch's entries, as published. */
export interface Entry {
  readonly credited_ops: string;
  readonly outcome: 'accepted' | 'rejected' | 'missed' | 'revoked';
  readonly receipt_id: string;
  readonly rows: readonly number[];
}

interface PublishedEpoch {
  readonly epoch_id: number;
  readonly prev_hash_hex: string;
  readonly entropy_hex: string;
  readonly previous_epoch_id?: number;
  readonly sealed_at_opening_epoch_id?: number;
  readonly sealed: boolean;
  readonly head_hex?: string;
  readonly ledger_root_hex?: string;
  readonly entry_count?: number;
}

const zeroHex = '00'.repeat(32);

/** @throws Error for any status but success. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as T;
}

/**
 * Replays a verifier's published history as an outsider would, by docs/protocol.md ("Epochs") and nothing of the ledger's
 * own code: every beacon, ledger root and head is computed again.
 *
 * @returns the entries of all sealed epochs, in order, the id of the latest sealed epoch, and the beacon of each epoch.
 * @throws Error that names the first epoch whose hashes do not follow.
 */
export async function replayLedger(baseUrl: string): Promise<{
  entries: Entry[];
  latestSealedId: number;
  beacons: ReadonlyMap<number, string>;
}> {
  const { epochs } = await getJson<{ epochs: PublishedEpoch[] }>(`${baseUrl}/v1/epochs?limit=500`);
  const byId = new Map(epochs.map((epoch) => [epoch.epoch_id, epoch]));
  const entries: Entry[] = [];
  let previousHeadHex = zeroHex;
  let latestSealedId = -1;
  for (const epoch of epochs.toReversed()) {
    const opened = byId.get(epoch.previous_epoch_id ?? -1)?.prev_hash_hex ?? zeroHex;
    const sealed = byId.get(epoch.sealed_at_opening_epoch_id ?? -1)?.head_hex ?? zeroHex;
    requireEqual(epoch, 'beacon', {
      published: epoch.prev_hash_hex,
      computed: blake3(
        concatBytes(
          hexToBytes(opened),
          hexToBytes(sealed),
          u64le(epoch.epoch_id),
          hexToBytes(epoch.entropy_hex),
        ),
      ),
    });
    if (!epoch.sealed) continue;
    const url = `${baseUrl}/v1/epochs/${epoch.epoch_id}/credits.json`;
    const added = (await getJson<{ entries: Entry[] }>(url)).entries;
    const leaves = added.map(({ credited_ops, outcome, receipt_id, rows }) =>
      ledgerTreeHasher.hashLeaf(jcsBytes({ credited_ops, outcome, receipt_id, rows })),
    );
    const root = merkleRoot(leaves, ledgerTreeHasher);
    requireEqual(epoch, 'ledger root', { published: epoch.ledger_root_hex, computed: root });
    const head = blake3DeriveKey(
      'tops-worker 2026 ledger v2',
      concatBytes(hexToBytes(previousHeadHex), u64le(epoch.epoch_id), u64le(added.length), root),
    );
    requireEqual(epoch, 'head', { published: epoch.head_hex, computed: head });
    previousHeadHex = bytesToHex(head);
    latestSealedId = epoch.epoch_id;
    entries.push(...added);
  }
  const beacons = new Map(epochs.map((epoch) => [epoch.epoch_id, epoch.prev_hash_hex]));
  return { entries, latestSealedId, beacons };
}

function requireEqual(
  epoch: PublishedEpoch,
  what: string,
  hashes: { readonly published: string | undefined; readonly computed: Uint8Array },
): void {
  const computed = bytesToHex(hashes.computed);
  if (computed === hashes.published) return;
  throw new Error(`epoch ${epoch.epoch_id}: ${what} expected ${computed}, got ${hashes.published}`);
}
