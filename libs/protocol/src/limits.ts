import type { Problem } from './problem.ts';
import type { Shape } from './shape.ts';

/** What one verifier takes, published in GET /v1/epoch under these names. */
export interface Limits {
  /** Smallest m. */
  readonly min_rows: number;
  /** Largest k·n + n·n, in weights (bytes). */
  readonly max_weights: number;
  readonly audit_rows_min: number;
  readonly audit_rows_max: number;
  readonly challenge_deadline_ms: number;
  readonly grace_seconds: number;
  readonly epoch_seconds: number;
  readonly max_open_challenges: number;
  readonly max_open_challenges_new_key: number;
  readonly receipts_per_second_per_key: number;
  /** Longest request body. */
  readonly body_bytes: number;
}

/** The protocol's defaults (docs/protocol.md). */
export const defaultLimits: Limits = Object.freeze({
  min_rows: 4096,
  max_weights: 2 ** 25,
  audit_rows_min: 8,
  audit_rows_max: 64,
  challenge_deadline_ms: 10_000,
  grace_seconds: 5,
  epoch_seconds: 60,
  max_open_challenges: 32,
  max_open_challenges_new_key: 4,
  receipts_per_second_per_key: 50,
  body_bytes: 262_144,
});

/**
 * A verifier's own limits on a shape that already obeys the protocol's rules.
 *
 * @returns `shape_below_min_rows` or `shape_over_limit`, or undefined when the shape is taken.
 */
export function shapeLimitsProblem(
  shape: Shape,
  limits: Pick<Limits, 'min_rows' | 'max_weights'>,
): Problem | undefined {
  if (shape.m < limits.min_rows) {
    return {
      code: 'shape_below_min_rows',
      detail: `expected sizes.m at least ${limits.min_rows}, got ${shape.m}`,
      field: 'sizes.m',
    };
  }
  const weights = shape.k * shape.n + shape.n * shape.n;
  if (weights > limits.max_weights) {
    return {
      code: 'shape_over_limit',
      detail: `expected k*n + n*n at most ${limits.max_weights}, got ${weights}`,
      field: 'sizes',
    };
  }
  return undefined;
}
