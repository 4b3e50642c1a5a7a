import { inclusionPath, ledgerEntryHash, LedgerRoot, type InclusionProof } from '@tops/audit';
import { bytesToHex } from '@tops/crypto';
import type { LedgerStore } from '@tops/ledger';
import { signedHeadOf } from './archive-messages.ts';

/** Entries whose subtree is kept: a power of two, so that the blocks of an epoch are nodes of its tree; 10 ms of hashing. */
export const BLOCK_ENTRIES = 256;
/** Epochs whose blocks are kept; some 100 bytes for each 256 entries. */
const EPOCHS_KEPT_MAX = 256;
/** Epochs hashed at the same time: each is read whole. */
const HASHING_MAX = 2;

export type InclusionResult =
  | { readonly kind: 'proof'; readonly proof: InclusionProof }
  | { readonly kind: 'unknown' | 'archived' | 'not_sealed' | 'overloaded' };

/** An epoch's tree from its blocks up. */
interface Blocks {
  readonly roots: readonly Uint8Array[];
  /** The receipt before each block, for reading it alone. */
  readonly cursors: readonly (string | undefined)[];
  /** Of each block's first entry. */
  readonly sequences: readonly number[];
}

interface InclusionDeps {
  readonly ledger: Pick<LedgerStore, 'getEpoch' | 'epochEntries' | 'archive'>;
}

/**
 * Makes inclusion proofs of sealed epochs. The first one of an epoch hashes all of its entries, block by block; after that a
 * proof reads one block.
 */
export class InclusionService {
  readonly #ledger: InclusionDeps['ledger'];
  /** In order of use, the latest last. */
  readonly #blocks = new Map<number, Promise<Blocks>>();
  #hashingCount = 0;

  constructor(deps: InclusionDeps) {
    this.#ledger = deps.ledger;
  }

  async prove(receiptId: string): Promise<InclusionResult> {
    const position = await this.#ledger.archive.entryPosition(receiptId);
    if (position === undefined) return { kind: 'unknown' };
    const epoch = await this.#ledger.getEpoch(position.epochId);
    const head = epoch === undefined ? undefined : signedHeadOf(epoch);
    if (epoch === undefined || head === undefined) return { kind: 'not_sealed' };
    if (epoch.archivedAtMs !== undefined) return { kind: 'archived' };
    const pending = this.#blocksOf(position.epochId);
    if (pending === undefined) return { kind: 'overloaded' };
    const blocks = await pending;
    const blockIndex = blocks.sequences.findLastIndex((first) => first <= position.sequence);
    const entries = await this.#readBlock(position.epochId, blocks.cursors[blockIndex]);
    const index = entries.findIndex((candidate) => candidate.receipt_id === receiptId);
    const entry = entries[index];
    // Only while its receipts are being rolled out can an entry be missing, or have moved.
    if (entry === undefined) return { kind: 'archived' };
    const leaves = entries.map(ledgerEntryHash);
    const path = [
      ...inclusionPath(leaves, { index, count: leaves.length }),
      ...inclusionPath(blocks.roots, { index: blockIndex, count: blocks.roots.length }),
    ];
    return {
      kind: 'proof',
      proof: {
        entry,
        index: blockIndex * BLOCK_ENTRIES + index,
        path: path.map(bytesToHex),
        ...head,
      },
    };
  }

  #blocksOf(epochId: number): Promise<Blocks> | undefined {
    const known = this.#blocks.get(epochId);
    if (known !== undefined) {
      this.#blocks.delete(epochId);
      this.#blocks.set(epochId, known);
      return known;
    }
    if (this.#hashingCount >= HASHING_MAX) return undefined;
    this.#hashingCount++;
    const hashing = this.#hashEpoch(epochId).finally(() => {
      this.#hashingCount--;
    });
    hashing.catch(() => this.#blocks.delete(epochId));
    this.#blocks.set(epochId, hashing);
    if (this.#blocks.size > EPOCHS_KEPT_MAX) {
      const [oldest] = this.#blocks.keys();
      if (oldest !== undefined) this.#blocks.delete(oldest);
    }
    return hashing;
  }

  async #hashEpoch(epochId: number): Promise<Blocks> {
    const roots: Uint8Array[] = [];
    const cursors: (string | undefined)[] = [];
    const sequences: number[] = [];
    let cursor: string | undefined;
    for (;;) {
      const entries = await this.#readBlock(epochId, cursor);
      const [first] = entries;
      const position = first && (await this.#ledger.archive.entryPosition(first.receipt_id));
      if (position === undefined) return { roots, cursors, sequences };
      const root = new LedgerRoot();
      for (const entry of entries) root.append(entry);
      roots.push(root.digest());
      cursors.push(cursor);
      sequences.push(position.sequence);
      if (entries.length < BLOCK_ENTRIES) return { roots, cursors, sequences };
      cursor = entries.at(-1)?.receipt_id;
    }
  }

  #readBlock(epochId: number, afterReceiptId: string | undefined) {
    return this.#ledger.epochEntries(epochId, {
      limit: BLOCK_ENTRIES,
      ...(afterReceiptId === undefined ? {} : { afterReceiptId }),
    });
  }
}
