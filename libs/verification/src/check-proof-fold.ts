import {
  equalConstantTime,
  foldMultiproof,
  HASH_BYTES,
  multiproofSiblingCount,
  workTreeHasher,
  type MultiproofInput,
} from '@tops/crypto';
import type { ParsedReceipt, Problem } from '@tops/protocol';

const foldInJavaScript = (opening: MultiproofInput): Uint8Array | undefined =>
  foldMultiproof(opening, workTreeHasher);

/**
 * Whether an answer opens the challenged rows of the commitment: cheap, and free of any penalty, since anyone may post an answer.
 *
 * @param input - `rows`: as challenged, ascending and distinct below m; `leaves`: rows × 32 bytes; `siblings`: one 32-byte hash
 *   for each maximal subtree without a challenged row. The last two are attacker-controlled.
 * @param fold - a CPU kernel's foldOpening is faster than the default and gives the same.
 * @returns `proof_malformed`, or undefined when lengths and root agree.
 * @throws CryptoError `rows_invalid` for rows no challenge can have: a bug of the caller.
 */
export function checkProofFold(
  input: {
    readonly parsed: ParsedReceipt;
    readonly rows: readonly number[];
    readonly leaves: Uint8Array;
    readonly siblings: Uint8Array;
  },
  fold: (opening: MultiproofInput) => Uint8Array | undefined = foldInJavaScript,
): Problem | undefined {
  const { parsed, rows, leaves, siblings } = input;
  const leafCount = parsed.receipt.sizes.m;
  const leavesProblem = lengthProblem('leaves', leaves.length, rows.length);
  if (leavesProblem !== undefined) return leavesProblem;
  const root = fold({ leafCount, rows, leaves, siblings });
  return root === undefined
    ? lengthProblem('siblings', siblings.length, multiproofSiblingCount(leafCount, rows))
    : rootProblem(root, parsed);
}

function lengthProblem(field: string, gotBytes: number, hashCount: number): Problem | undefined {
  const expectedBytes = hashCount * HASH_BYTES;
  if (gotBytes === expectedBytes) return undefined;
  return {
    code: 'proof_malformed',
    detail: `expected ${hashCount} hashes (${expectedBytes} bytes), got ${gotBytes} bytes`,
    field,
  };
}

function rootProblem(root: Uint8Array, parsed: ParsedReceipt): Problem | undefined {
  if (equalConstantTime(root, parsed.workRoot)) return undefined;
  return {
    code: 'proof_malformed',
    detail: `expected leaves and siblings that fold to ${parsed.receipt.work_root_hex}, got another root`,
  };
}
