/** A uniform integer in [0, max), from a CSPRNG in production: whoever predicts it, predicts the challenge. */
export type RandomBelow = (max: number) => number;

/**
 * Draws the rows of a challenge: every set of `count` rows is equally likely.
 *
 * Floyd's sampling without replacement (Bentley and Floyd, "A sample of brilliance", CACM 30(9), 1987): `count` draws and no
 * array of m, whatever m is.
 *
 * @returns `count` distinct rows below m, ascending.
 * @throws RangeError unless 1 ≤ count ≤ m, both integers.
 */
export function drawRows(
  input: { readonly m: number; readonly count: number },
  deps: { readonly randomBelow: RandomBelow },
): number[] {
  const { m, count } = input;
  if (!Number.isSafeInteger(m) || !Number.isSafeInteger(count) || count < 1 || count > m) {
    throw new RangeError(`expected 1 to m rows, got count ${count} of m ${m}`);
  }
  const drawn = new Set<number>();
  for (let last = m - count; last < m; last++) {
    const row = deps.randomBelow(last + 1);
    drawn.add(drawn.has(row) ? last : row);
  }
  return [...drawn].sort((a, b) => a - b);
}

/**
 * A new array in uniformly random order (Fisher–Yates as in Knuth, TAOCP 2, 3.4.2, algorithm P).
 */
export function shuffled<T>(items: readonly T[], deps: { readonly randomBelow: RandomBelow }): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) {
    const [item] = rest.splice(deps.randomBelow(rest.length), 1);
    order.push(item as T);
  }
  return order;
}
