import { bytesToHex, hexToBytes, ledgerTreeHasher } from '@tops/crypto';
import { verifyHead, type SignedHead } from './head.ts';
import { ledgerEntryHash, LedgerRoot, type LedgerEntry } from './ledger-entry.ts';

/** A path has at most this many hashes: an epoch of 2^53 entries. */
export const INCLUSION_PATH_MAX = 53;

/** That a receipt is part of a sealed epoch, and how it ended: `GET /v1/receipts/{id}/inclusion`. */
export interface InclusionProof extends SignedHead {
  readonly entry: LedgerEntry;
  /** Of the entry among the epoch's entries. */
  readonly index: number;
  /** RFC 9162 §2.1.3.1, from the leaf up, 64 hex digits each. */
  readonly path: readonly string[];
}

/** Why an inclusion proof does not hold. */
export type InclusionProblem =
  'index_out_of_range' | 'path_length' | 'root_mismatch' | 'signature_invalid';

/** Leaves `[start, end)`. */
interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The leaves under each node of a leaf's inclusion path, from the leaf up (RFC 9162 §2.1.3.1). With the leaf itself they
 * part all leaves.
 *
 * @throws RangeError unless 0 ≤ index < count.
 */
export function inclusionRanges(index: number, count: number): LeafRange[] {
  requireIndex(index, count);
  const fromRoot: LeafRange[] = [];
  let [start, end] = [0, count];
  while (end - start > 1) {
    const split = start + largestPowerOfTwoBelow(end - start);
    if (index < split) {
      fromRoot.push({ start: split, end });
      end = split;
    } else {
      fromRoot.push({ start, end: split });
      start = split;
    }
  }
  return fromRoot.toReversed();
}

/**
 * The inclusion path of one leaf (RFC 9162 §2.1.3.1), from the leaf up. Reads the leaves once and keeps one hash a level for
 * each node of the path.
 *
 * @param leaves - all of them in order, or the roots of equal, complete subtrees with a last one that may be incomplete.
 * @throws RangeError unless `leaves` are `count` and 0 ≤ index < count.
 */
export function inclusionPath(
  leaves: Iterable<Uint8Array>,
  { index, count }: { readonly index: number; readonly count: number },
): Uint8Array[] {
  const nodes = inclusionRanges(index, count).map((range) => ({ range, root: new LedgerRoot() }));
  let position = 0;
  for (const leaf of leaves) {
    const node = nodes.find(({ range }) => position >= range.start && position < range.end);
    node?.root.appendHash(leaf);
    position++;
  }
  if (position !== count) throw new RangeError(`expected ${count} leaves, got ${position}`);
  return nodes.map(({ root }) => root.digest());
}

/**
 * The root that a leaf and its inclusion path lead to (RFC 9162 §2.1.3.2).
 *
 * @param input - everything attacker-controlled.
 * @returns undefined when the path is not as long as index and count imply, or the index is none.
 */
export function foldInclusion(input: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly count: number;
  readonly path: readonly Uint8Array[];
}): Uint8Array | undefined {
  const { index, count, path } = input;
  if (!isIndex(index, count)) return undefined;
  let [position, last] = [index, count - 1];
  let hash = input.leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (position % 2 === 1 || position === last) {
      hash = ledgerTreeHasher.hashChildren(sibling, hash);
      // The last leaf may have moved up unpaired through levels that have no sibling for it.
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      hash = ledgerTreeHasher.hashChildren(hash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 ? hash : undefined;
}

/**
 * Checks an inclusion proof: the entry folds to the ledger root, which the named verifier key signed. That the key is the
 * verifier's, and the entry's receipt the one asked about, is for the caller to compare.
 */
export function verifyInclusion(proof: InclusionProof): InclusionProblem | undefined {
  const { index, entry_count: count } = proof;
  if (!isIndex(index, count)) return 'index_out_of_range';
  const path = proof.path.map(hexToBytes);
  const root = foldInclusion({ leaf: ledgerEntryHash(proof.entry), index, count, path });
  if (root === undefined) return 'path_length';
  if (bytesToHex(root) !== proof.ledger_root_hex) return 'root_mismatch';
  return verifyHead(proof) ? undefined : 'signature_invalid';
}

function isIndex(index: number, count: number): boolean {
  return Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count;
}

function requireIndex(index: number, count: number): void {
  if (isIndex(index, count)) return;
  throw new RangeError(`expected an index below ${count}, got ${index}`);
}

/** The largest power of two below a number above 1; no bit operations, which end at 2^31. */
function largestPowerOfTwoBelow(value: number): number {
  let power = 1;
  while (power * 2 < value) power *= 2;
  return power;
}

function half(value: number): number {
  return Math.floor(value / 2);
}
