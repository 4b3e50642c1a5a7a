import type { Problem } from './problem.ts';

/** More than any verifier asks for (AUDIT_ROWS_MAX is 64 by default); bounds what a worker does for one challenge. */
export const maxChallengeRows = 4096;

/**
 * The rule every list of rows obeys: at least one, at most `maxCount`, ascending, distinct, below m where m is known.
 *
 * @param input - `rows` are non-negative integers already.
 * @returns `rows_invalid`, or undefined.
 */
export function rowsProblem(input: {
  readonly rows: readonly number[];
  readonly maxCount: number;
  readonly m?: number;
}): Problem | undefined {
  const { rows, maxCount, m } = input;
  const refuse = (detail: string, field: string): Problem => ({
    code: 'rows_invalid',
    detail,
    field,
  });
  if (rows.length === 0 || rows.length > maxCount) {
    return refuse(`expected 1 to ${maxCount} rows, got ${rows.length}`, 'rows');
  }
  let previous = -1;
  for (const [index, row] of rows.entries()) {
    const field = `rows[${index}]`;
    if (row <= previous) return refuse(`expected ${field} above ${previous}, got ${row}`, field);
    if (m !== undefined && row >= m)
      return refuse(`expected ${field} below ${m}, got ${row}`, field);
    previous = row;
  }
  return undefined;
}
