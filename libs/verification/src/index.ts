export { attemptOf } from './attempt.ts';
export { cheatingGain, expectedCreditShare, renderCheatingTable } from './cheating-table.ts';
export {
  checkBundle,
  rowMismatch,
  type BundleContext,
  type BundleVerdict,
} from './check-bundle.ts';
export { checkEvidence, type EvidenceContext, type EvidenceVerdict } from './check-evidence.ts';
export { checkProofFold } from './check-proof-fold.ts';
export {
  checkReceipt,
  checkSignature,
  type ReceiptContext,
  type SignedReceiptContext,
} from './check-receipt.ts';
export { drawRows, type RandomBelow } from './draw-rows.ts';
export {
  judgeRows,
  type ComputeLeaves,
  type JudgeDependencies,
  type RowVerdict,
} from './judge-rows.ts';
