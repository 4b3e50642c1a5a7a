import { OPS_UNIT } from '@tops/protocol';

/** Sealed epochs that verified TOPS look back over, by default. */
export const TOPS_EPOCHS_DEFAULT = 10;

/**
 * Sustained speed by the verifier's clock alone: credited ops of a run of sealed epochs, those without credit included, over
 * their wall time. What a worker says about its own time never enters.
 *
 * @returns 10^12 ops per second; 0 when no epoch was sealed yet.
 */
export function verifiedTops(input: {
  readonly creditedUnits: bigint;
  readonly wallTimeMs: number;
}): number {
  if (input.wallTimeMs <= 0) return 0;
  // ops / ms / 10^9 = 10^12 ops per second; a display figure, so double precision is enough.
  return Number(input.creditedUnits * OPS_UNIT) / input.wallTimeMs / 1e9;
}
