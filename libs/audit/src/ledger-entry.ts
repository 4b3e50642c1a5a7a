import { ledgerTreeHasher } from '@tops/crypto';
import { jcsBytes } from '@tops/protocol';

/** How a receipt ended: what a sealed entry says of it. */
export type FinalOutcome = 'accepted' | 'rejected' | 'missed' | 'revoked';

/** One receipt in the sealed ledger, in the names it is hashed under. */
export interface LedgerEntry {
  /** Decimal; "0" unless accepted. */
  readonly credited_ops: string;
  readonly outcome: FinalOutcome;
  readonly receipt_id: string;
  /** The challenged rows, ascending. */
  readonly rows: readonly number[];
}

/** The bytes of an entry that are hashed into the ledger: RFC 8785 JSON. */
export function ledgerEntryBytes(entry: LedgerEntry): Uint8Array {
  const { credited_ops, outcome, receipt_id, rows } = entry;
  return jcsBytes({ credited_ops, outcome, receipt_id, rows: [...rows] });
}

/** The leaf of an entry in its epoch's tree, 32 bytes. */
export function ledgerEntryHash(entry: LedgerEntry): Uint8Array {
  return ledgerTreeHasher.hashLeaf(ledgerEntryBytes(entry));
}

/**
 * ledger_root, entry by entry: RFC 9162 §2.1.1 over BLAKE3 with 0x00 and 0x01 prefixes. Keeps one hash per tree level, so
 * an epoch of any size can be sealed in slices that leave the event loop to the requests in between.
 */
export class LedgerRoot {
  /** Roots of complete subtrees, largest first; the bits of `count` are their heights. */
  readonly #subtrees: Uint8Array[] = [];
  #count = 0;

  get entryCount(): number {
    return this.#count;
  }

  append(entry: LedgerEntry): void {
    this.appendHash(ledgerEntryHash(entry));
  }

  /** @param hash - of the next leaf, or of the next complete subtree when all that is appended are subtrees of one size. */
  appendHash(hash: Uint8Array): void {
    // Every trailing 1 bit of the count is a complete subtree of the same height, waiting for its right-hand twin.
    for (let waiting = this.#count; waiting % 2 === 1; waiting = Math.floor(waiting / 2)) {
      const left = this.#subtrees.pop();
      if (left === undefined) break;
      hash = ledgerTreeHasher.hashChildren(left, hash);
    }
    this.#subtrees.push(hash);
    this.#count++;
  }

  /** The root over what was appended so far, 32 bytes. */
  digest(): Uint8Array {
    let root: Uint8Array | undefined;
    for (const subtree of this.#subtrees.toReversed()) {
      root = root === undefined ? subtree : ledgerTreeHasher.hashChildren(subtree, root);
    }
    return root ?? ledgerTreeHasher.emptyRoot;
  }
}

/** ledger_root of a whole epoch's entries in commit order, 32 bytes. */
export function ledgerRoot(entries: Iterable<LedgerEntry>): Uint8Array {
  const root = new LedgerRoot();
  for (const entry of entries) root.append(entry);
  return root.digest();
}
