export { deriveAttemptKey, weightsKey, type Attempt } from './attempt.ts';
export { KernelError, type KernelErrorCode } from './kernel-error.ts';
export {
  requireRowsBelow,
  requireValidAttempt,
  type Commitment,
  type DeviceTime,
  type Kernel,
  type KernelOptions,
  type Opening,
} from './kernel.ts';
export { requireKnownAnswer } from './known-answer.ts';
export { leafHash } from './leaf.ts';
export { layer1Shift, layer2Shift, requantise } from './requantise.ts';
export {
  RETAINED_NODE_LIMIT,
  RetainedTree,
  retainedTreeLayout,
  type RetainedLevel,
  type RetainedTreeLayout,
} from './retained-tree.ts';
export { streamRow } from './stream.ts';
