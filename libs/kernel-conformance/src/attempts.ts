import type { Attempt } from '@tops/kernel-spec';
import type { Shape } from '@tops/protocol';
import fc from 'fast-check';

/** Any 32 bytes are an attempt key to a kernel. */
export function attemptOf(shape: Shape, keyByte = 7): Attempt {
  return { attemptKey: new Uint8Array(32).fill(keyByte), shape };
}

const multipleOf64 = (max: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: max / 64 }).map((count) => count * 64);

/** Shapes small enough for the reference twin to commit to. */
export const smallAttempts: fc.Arbitrary<Attempt> = fc.record({
  attemptKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  shape: fc.record({ m: multipleOf64(320), n: multipleOf64(192), k: multipleOf64(192) }),
});

/** Wide and deep shapes, of which the reference twin computes single rows; n past 1024 makes BLAKE3 chunk trees. */
export const wideAttempts: fc.Arbitrary<Attempt> = fc.record({
  attemptKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  shape: fc.record({
    m: fc.constantFrom(64, 1024, 2 ** 24),
    n: fc.oneof(multipleOf64(1024), fc.constantFrom(1024, 2048)),
    k: fc.oneof(multipleOf64(512), fc.constantFrom(64, 1024, 2048)),
  }),
});

/** Some distinct rows below m, ascending. */
export function rowsBelow(m: number, maxCount: number): fc.Arbitrary<number[]> {
  return fc
    .uniqueArray(fc.oneof(fc.integer({ min: 0, max: m - 1 }), fc.constantFrom(0, m - 1)), {
      minLength: 1,
      maxLength: maxCount,
    })
    .map((rows) => rows.sort((a, b) => a - b));
}
