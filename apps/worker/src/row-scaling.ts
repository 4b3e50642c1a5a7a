/** m is a multiple of this and at most 2^24 (docs/protocol.md, "Shapes"). */
export const rowGranule = 64;
export const rowCountMax = 2 ** 24;

/** Largest change of m in one step, and the band in which m is left alone: measured times jitter by about a tenth. */
const stepRatioMax = 1.125;
const toleranceRatio = 0.15;

/**
 * The nearest row count below `rowCount` that the protocol and the verifier take.
 *
 * @returns a multiple of 64 between `minRows` (rounded up to one) and 2^24.
 */
export function clampRowCount(rowCount: number, minRows: number): number {
  const lowest = Math.max(rowGranule, Math.ceil(minRows / rowGranule) * rowGranule);
  const whole = Number.isFinite(rowCount) ? Math.floor(rowCount / rowGranule) * rowGranule : 0;
  return Math.min(rowCountMax, Math.max(lowest, whole));
}

/**
 * m for the next attempt from the speed of the last ones: towards `targetMs`, at most an eighth (or 64 rows) at once, and not at all
 * within 15 % of it, so that noise does not make m wander.
 */
export function adaptRowCount(input: {
  readonly rowCount: number;
  readonly rowsPerMs: number;
  readonly targetMs: number;
  readonly minRows: number;
}): number {
  const { rowCount, rowsPerMs, targetMs, minRows } = input;
  const ratio = (rowsPerMs * targetMs) / rowCount;
  if (!(ratio > 0) || !Number.isFinite(ratio)) return clampRowCount(rowCount, minRows);
  if (Math.abs(ratio - 1) <= toleranceRatio) return clampRowCount(rowCount, minRows);
  // An eighth of a small count is less than a granule: without whole granules it could never grow.
  const highest = Math.max(rowCount * stepRatioMax, rowCount + rowGranule);
  const wanted = Math.min(highest, Math.max(rowCount / stepRatioMax, rowCount * ratio));
  return clampRowCount(wanted, minRows);
}
