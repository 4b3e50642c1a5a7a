import type { Kernel } from '@tops/kernel-spec';

export interface KernelUnderTest {
  readonly name: string;
  /** @param options - `retainedNodeLimit`: nodes kept on the lowest level of an attempt's tree */
  readonly createKernel: (options: { readonly retainedNodeLimit?: number }) => Promise<Kernel>;
  /** Property runs; a kernel that computes rows slowly takes fewer. */
  readonly runCount: number;
  /** False for the reference twin itself, which cannot differ from itself. */
  readonly comparesWithReference: boolean;
  /** Whom whole attempts are compared with, default the reference twin; a fast kernel that has been compared with it itself. */
  readonly createOracle?: () => Promise<Kernel>;
  /** Roots of larger attempts are not compared: the oracle would take seconds over them. Default: all are. */
  readonly oracleOpsMax?: number;
  /** Larger attempts are not even committed to, only single leaves of them are computed. Default: all are. */
  readonly commitOpsMax?: number;
  /** True for a kernel with `computeLeavesBatch`. */
  readonly takesBatches?: boolean;
}

/** For properties that compute whole attempts: a busy machine with few cores may be ten times slower than a quiet one. */
export const PROPERTY_TIMEOUT_MS = 180_000;

/** Kernels every part of the suite works with. */
export interface Subjects {
  readonly kernel: () => Kernel;
  readonly reference: () => Kernel;
  readonly oracle: () => Kernel;
}
