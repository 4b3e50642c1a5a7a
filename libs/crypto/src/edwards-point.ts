/**
 * Public checks on encoded edwards25519 points and scalars (RFC 8032 §5.1). Nothing here touches a secret, so nothing
 * here needs constant time.
 */
const FIELD_PRIME = 2n ** 255n - 19n;
/** Order L of the prime-order subgroup (RFC 8032 §5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Curve constant d = -121665/121666. */
const CURVE_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * The y coordinates of the eight points whose order divides 8. y = 1 has order 1, y = -1 order 2, y = 0 order 4; at
 * order 8 doubling gives y = 0, that is d·y⁴ + 2y² - 1 = 0, with two roots in the field. The sign bit picks between x
 * and -x, so these five values cover every encoding, the one with x = 0 and the sign set included.
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);

const SIGN_BIT = 1n << 255n;

function littleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (
    view.getBigUint64(0, true) |
    (view.getBigUint64(8, true) << 64n) |
    (view.getBigUint64(16, true) << 128n) |
    (view.getBigUint64(24, true) << 192n)
  );
}

/** Whether a 32-byte scalar S is reduced: S < L (RFC 8032 §5.1.7 step 1); S + L would verify as well. */
export function isReducedScalar(scalar: Uint8Array): boolean {
  return littleEndian(scalar) < GROUP_ORDER;
}

/**
 * Whether 32 bytes are the one canonical encoding (y < p) of a point outside the small-order subgroup. Does not say that
 * a point with this y exists: see {@link isOnCurve}.
 */
export function isCanonicalLargeOrderEncoding(encoded: Uint8Array): boolean {
  const y = littleEndian(encoded) & ~SIGN_BIT;
  return y < FIELD_PRIME && !SMALL_ORDER_Y.has(y);
}

/** Whether x² = (y² - 1) / (d·y² + 1) has a solution, so that 32 canonical bytes decode (RFC 8032 §5.1.3). */
export function isOnCurve(encoded: Uint8Array): boolean {
  const y = littleEndian(encoded) & ~SIGN_BIT;
  const ySquared = (y * y) % FIELD_PRIME;
  const numerator = ySquared - 1n + FIELD_PRIME;
  const denominator = CURVE_D * ySquared + 1n;
  // u/v and u·v are squares together, which saves the inversion.
  return jacobiSymbol((numerator * denominator) % FIELD_PRIME, FIELD_PRIME) !== -1;
}

/** Jacobi symbol (a/n) for odd n by quadratic reciprocity (Cohen, A Course in Computational Algebraic Number Theory, 1.4.10). */
function jacobiSymbol(a: bigint, n: bigint): -1 | 0 | 1 {
  let upper = a;
  let lower = n;
  let negative = false;
  while (upper !== 0n) {
    while ((upper & 1n) === 0n) {
      upper >>= 1n;
      const residue = lower & 7n;
      if (residue === 3n || residue === 5n) negative = !negative;
    }
    if ((upper & 3n) === 3n && (lower & 3n) === 3n) negative = !negative;
    [upper, lower] = [lower % upper, upper];
  }
  if (lower !== 1n) return 0;
  return negative ? -1 : 1;
}
