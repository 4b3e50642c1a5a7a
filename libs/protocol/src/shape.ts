import type { Problem } from './problem.ts';

/** Sizes of one attempt: A is m×k, W1 k×n, W2 n×n, Y1 and Y2 m×n, all int8. */
export interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Ops of every valid shape are a multiple of this (2·64·64·64), so stores count units of it. */
export const OPS_UNIT = 2n ** 19n;

const granule = 64;
const maxRows = 2 ** 24;
const maxDepth = 16_384;
const maxFineWidth = 1024;
const coarseWidths: ReadonlySet<number> = new Set([2048, 4096, 8192, 16_384]);

function isMultipleUpTo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= granule && value <= max && value % granule === 0;
}

/** The shape rules of the protocol itself: `shape_invalid`, or undefined for a valid shape. */
export function shapeProblem(shape: Shape): Problem | undefined {
  const { m, n, k } = shape;
  const refuse = (field: string, expected: string, got: number): Problem => ({
    code: 'shape_invalid',
    detail: `expected ${field} ${expected}, got ${got}`,
    field,
  });
  if (!isMultipleUpTo(m, maxRows)) {
    return refuse('sizes.m', `a multiple of ${granule} from ${granule} to ${maxRows}`, m);
  }
  if (!isMultipleUpTo(n, maxFineWidth) && !coarseWidths.has(n)) {
    return refuse(
      'sizes.n',
      `a multiple of ${granule} from ${granule} to ${maxFineWidth}, or one of ${[...coarseWidths].join(', ')}`,
      n,
    );
  }
  if (!isMultipleUpTo(k, maxDepth)) {
    return refuse('sizes.k', `a multiple of ${granule} from ${granule} to ${maxDepth}`, k);
  }
  return undefined;
}

/** Nominal dense ops of both layers, 2·m·n·(k + n). Bigint: a long run of large shapes passes 2^53. */
export function shapeOps(shape: Shape): bigint {
  const { m, n, k } = shape;
  return 2n * BigInt(m) * BigInt(n) * BigInt(k + n);
}

/**
 * @param ops - a non-negative multiple of {@link OPS_UNIT}.
 * @returns how many units that is; exact.
 * @throws RangeError when it is not a multiple, negative, or above 2^53−1 units.
 */
export function opsToUnits(ops: bigint): number {
  if (ops < 0n || ops % OPS_UNIT !== 0n || ops / OPS_UNIT > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`expected a non-negative multiple of ${OPS_UNIT} ops, got ${ops}`);
  }
  return Number(ops / OPS_UNIT);
}

/** @throws RangeError when `units` is not an integer from 0 to 2^53−1. */
export function unitsToOps(units: number): bigint {
  if (!Number.isSafeInteger(units) || units < 0) {
    throw new RangeError(`expected an integer from 0 to 2^53-1, got ${units}`);
  }
  return BigInt(units) * OPS_UNIT;
}
