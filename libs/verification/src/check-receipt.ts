import { bytesToHex, equalConstantTime, verifyStrict } from '@tops/crypto';
import {
  KERNEL_VERSION,
  quoteUntrusted,
  shapeLimitsProblem,
  type Limits,
  type ParsedReceipt,
  type Problem,
} from '@tops/protocol';

/** What every check of a receipt needs, whether or not it is about to be recorded. */
export interface SignedReceiptContext {
  readonly limits: Pick<Limits, 'min_rows' | 'max_weights'>;
  /** VERIFY_DISABLE: takes every signature for valid. Never in production. */
  readonly skipSignatures: boolean;
}

/** The verifier's state that a receipt is checked against, taken when its whole body had arrived. */
export interface ReceiptContext extends SignedReceiptContext {
  /** Epochs that take receipts at this moment: the current one, and its predecessor during the grace time. */
  readonly epochs: readonly { readonly epochId: number; readonly prevHash: Uint8Array }[];
  readonly currentEpochId: number;
  /** Public keys in lower-case hex; empty means that any key may register. */
  readonly allowedKeys: ReadonlySet<string>;
}

type ReceiptCheck = (parsed: ParsedReceipt, context: ReceiptContext) => Problem | undefined;

/**
 * Cheap comparisons first, and the signature before the verifier's state: what a stranger may learn of epochs and beacons is
 * public, but only the key's owner makes the verifier look further.
 */
const RECEIPT_CHECKS: readonly ReceiptCheck[] = [
  checkKernelVersion,
  checkShapeLimits,
  checkKeyAllowed,
  checkSignature,
  checkEpochOpen,
  checkPrevHash,
];

/**
 * Whether a well-formed receipt may be recorded and challenged.
 *
 * @returns the first problem in the order of the checks: `kernel_ver_unsupported`, `shape_below_min_rows`, `shape_over_limit`,
 *   `key_not_allowed`, `public_key_invalid`, `signature_non_canonical`, `signature_invalid`, `epoch_unknown`, `epoch_closed`,
 *   `prev_hash_mismatch`; undefined when there is none.
 */
export function checkReceipt(parsed: ParsedReceipt, context: ReceiptContext): Problem | undefined {
  for (const check of RECEIPT_CHECKS) {
    const problem = check(parsed, context);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** @returns `kernel_ver_unsupported` for work done under other rules than ours. */
export function checkKernelVersion(parsed: ParsedReceipt): Problem | undefined {
  const { kernel_ver } = parsed.receipt;
  if (kernel_ver === KERNEL_VERSION) return undefined;
  return {
    code: 'kernel_ver_unsupported',
    detail: `expected ${KERNEL_VERSION}, got ${quoteUntrusted(kernel_ver)}`,
    field: 'kernel_ver',
  };
}

/** @returns `shape_below_min_rows` or `shape_over_limit`. */
export function checkShapeLimits(
  parsed: ParsedReceipt,
  context: SignedReceiptContext,
): Problem | undefined {
  return shapeLimitsProblem(parsed.receipt.sizes, context.limits);
}

/** @returns `key_not_allowed` when there is an allow-list and the key is not on it. */
function checkKeyAllowed(
  parsed: ParsedReceipt,
  context: Pick<ReceiptContext, 'allowedKeys'>,
): Problem | undefined {
  const { allowedKeys } = context;
  if (allowedKeys.size === 0 || allowedKeys.has(parsed.receipt.public_key_hex)) return undefined;
  return {
    code: 'key_not_allowed',
    detail: `expected a key on the allow-list, got ${parsed.receipt.public_key_hex}`,
    field: 'public_key_hex',
  };
}

/** @returns `public_key_invalid`, `signature_non_canonical` or `signature_invalid`. */
export function checkSignature(
  parsed: ParsedReceipt,
  context: SignedReceiptContext,
): Problem | undefined {
  if (context.skipSignatures) return undefined;
  const { publicKey, signature, signedBytes } = parsed;
  const verdict = verifyStrict({ publicKey, signature, message: signedBytes });
  switch (verdict) {
    case 'valid':
      return undefined;
    case 'public_key_invalid':
      return {
        code: verdict,
        detail: 'expected a canonical Ed25519 key that is not of small order, got another',
        field: 'public_key_hex',
      };
    case 'signature_non_canonical':
      return {
        code: verdict,
        detail: 'expected canonical R and S below the group order, got another encoding',
        field: 'sig_hex',
      };
    case 'signature_invalid':
      return {
        code: verdict,
        detail: 'expected a signature of public_key_hex over this receipt, got another',
        field: 'sig_hex',
      };
  }
}

/** @returns `epoch_unknown` for an epoch yet to come, `epoch_closed` for one that takes no receipts any more. */
function checkEpochOpen(parsed: ParsedReceipt, context: ReceiptContext): Problem | undefined {
  const { epoch_id } = parsed.receipt;
  if (findEpoch(parsed, context) !== undefined) return undefined;
  return {
    code: epoch_id > context.currentEpochId ? 'epoch_unknown' : 'epoch_closed',
    detail: `expected epoch ${context.currentEpochId}, got ${epoch_id}`,
    field: 'epoch_id',
  };
}

/** @returns `prev_hash_mismatch` when the work was not made from the epoch's beacon. */
function checkPrevHash(parsed: ParsedReceipt, context: ReceiptContext): Problem | undefined {
  const epoch = findEpoch(parsed, context);
  if (epoch === undefined || equalConstantTime(epoch.prevHash, parsed.prevHash)) return undefined;
  return {
    code: 'prev_hash_mismatch',
    detail: `expected ${bytesToHex(epoch.prevHash)}, got ${parsed.receipt.prev_hash_hex}`,
    field: 'prev_hash_hex',
  };
}

function findEpoch(
  parsed: ParsedReceipt,
  context: ReceiptContext,
): ReceiptContext['epochs'][number] | undefined {
  return context.epochs.find((epoch) => epoch.epochId === parsed.receipt.epoch_id);
}
