// The addon's own gate: whatever JavaScript passes, the answer is an error and never a crash.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  blake3KeyedXof,
  foldMultiproof,
  multiproofSiblingCount,
  workTreeHasher,
} from '@tops/crypto';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import type { NativeKernel } from '../../src/native/addon.ts';
import { describeNative } from '../native-addon.ts';

const hostileNumbers = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 63, 64, 65, 1024, 1088, 16_384, 16_448, 0.5, 2 ** 24, 2 ** 31),
  fc.constantFrom(2 ** 32, 2 ** 32 + 64, 2 ** 53, 1e308, -1e308, Number.NaN, Infinity, -Infinity),
  fc.double(),
  fc.integer(),
);
const hostileViews = fc
  .tuple(
    fc.constantFrom(Uint8Array, Uint32Array, Int8Array, Float64Array, Uint8ClampedArray, DataView),
    fc.nat(4),
    fc.nat(20),
    fc.boolean(),
  )
  .map(([View, offset, length, isDetached]) => {
    const buffer = new ArrayBuffer(1024);
    const view = new (View as Uint8ArrayConstructor)(buffer, offset * 8, length);
    if (isDetached) structuredClone(buffer, { transfer: [buffer] });
    return view;
  });
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileNumbers },
  { weight: 3, arbitrary: hostileViews },
  fc.constantFrom(undefined, null, true, '', 'generic', 64n, Symbol('s'), () => 64),
  fc.constant({ valueOf: () => 64, length: 32 }),
  fc.constant(new Proxy(new Uint8Array(32), {})),
  fc.array(fc.nat(255), { maxLength: 64 }),
  fc.string(),
);

function keyedBytes(key: Uint8Array, lengthBytes: number): Uint8Array {
  return blake3KeyedXof({ key, message: new Uint8Array(0), lengthBytes });
}

/** The addon's errors are of its own realm, not of the test's, so that only their names are equal. */
function nameOfError(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as Error).name;
  }
}

describeNative('the binding', (addon) => {
  const outcomes: string[] = [];
  let kernel: NativeKernel;
  let settled: () => void = () => undefined;
  beforeEach(() => {
    outcomes.length = 0;
    kernel = new addon.NativeKernel(2, '', (_job, outcome) => {
      outcomes.push(outcome);
      settled();
    });
  });
  afterEach(() => {
    kernel.close();
  });

  const call = (method: string, args: readonly unknown[]): unknown =>
    (kernel as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);

  it('answers any arguments with a value or an error of its own', () => {
    const methods = [
      ...['weightsBytes', 'rowsPerPiece', 'createWeights', 'freeWeights', 'submitPack'],
      ...['submitLeaves', 'submitCommit', 'submitMultiply', 'cancel', 'takeResult'],
      'foldOpening',
    ];
    const calls = fc.tuple(fc.constantFrom(...methods), fc.array(hostile, { maxLength: 7 }));
    fc.assert(
      fc.property(calls, ([method, args]) => {
        const name = nameOfError(() => call(method, args));
        expect([undefined, 'TypeError', 'RangeError', 'Error']).toContain(name);
      }),
      fcParameters(3000),
    );
  });

  it('takes no kernel with senseless settings', () => {
    const make = addon.NativeKernel as unknown as new (...args: unknown[]) => unknown;
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 4 }), (args) => {
        // Threads in numbers are costly, and a valid call of this form is no error.
        if (typeof args[0] === 'number' && args[0] > 4 && args[0] <= 1024) args[0] = 0;
        if (typeof args[2] === 'function') args[2] = undefined;
        expect(() => new make(...args)).toThrow();
      }),
      fcParameters(500),
    );
    const called = addon.NativeKernel as unknown as () => unknown;
    expect(nameOfError(() => called())).toBe('TypeError');
  });

  it('takes no method of a kernel for another object', () => {
    const { submitPack } = kernel;
    for (const self of [{}, null, new Uint8Array(8), addon]) {
      expect(() => submitPack.call(self as NativeKernel, 1, new Uint8Array(64))).toThrow();
    }
  });

  it('keeps rows and keys within what it was given', async () => {
    const weights = kernel.createWeights(64, 64);
    const done = new Promise<void>((resolve) => {
      settled = resolve;
    });
    kernel.submitPack(weights, new Uint8Array(64));
    await done;
    const key = new Uint8Array(32);
    const submit = (n: number, k: number, keys: Uint8Array, keyOfRow: number[], rows: number[]) =>
      kernel.submitLeaves(weights, n, k, keys, Uint32Array.from(keyOfRow), Uint32Array.from(rows));
    expect(nameOfError(() => submit(128, 64, key, [0], [0]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 128, key, [0], [0]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, key, [1], [0]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, key, [0, 0], [0]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, key, [0], [2 ** 24]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, key, [], []))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, key.subarray(1), [0], [0]))).toBe('RangeError');
    expect(nameOfError(() => submit(64, 64, new Uint8Array(0), [0], [0]))).toBe('RangeError');
    expect(nameOfError(() => kernel.submitCommit(weights, 64, 64, 65, key, 0))).toBe('RangeError');
    expect(nameOfError(() => kernel.submitCommit(weights, 64, 64, 2 ** 24 + 64, key, 0))).toBe(
      'RangeError',
    );
    expect(nameOfError(() => kernel.submitCommit(weights, 64, 64, 64, key, 7))).toBe('RangeError');
    expect(() => kernel.submitCommit(weights, 64, 64, 64, new Uint8Array(64), 0)).toThrow();
    expect(nameOfError(() => kernel.submitCommit(99, 64, 64, 64, key, 0))).toBe('RangeError');
    const control = new Promise<void>((resolve) => {
      settled = resolve;
    });
    submit(64, 64, key, [0], [2 ** 24 - 1]);
    await control;
    expect(outcomes).toEqual(['done', 'done']);
  });

  const openings = fc
    .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 15 }))
    .map(([chunks, doublings]) => Math.min(64 * chunks * 2 ** doublings, 2 ** 24))
    .chain((m) =>
      fc.record({
        leafCount: fc.constant(m),
        rows: fc
          .uniqueArray(fc.nat(m - 1), { minLength: 1, maxLength: 64 })
          .map((rows) => rows.sort((a, b) => a - b)),
        seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      }),
    )
    .map(({ leafCount, rows, seed }) => ({
      ...{ leafCount, rows, leaves: keyedBytes(seed, rows.length * 32) },
      siblings: keyedBytes(seed, multiproofSiblingCount(leafCount, rows) * 32),
    }));

  it('folds openings as JavaScript does, with every instruction set, and writes no byte more', () => {
    for (const isa of addon.listIsas()) {
      const other = new addon.NativeKernel(1, isa, () => undefined);
      fc.assert(
        fc.property(openings, fc.nat(7), (opening, offset) => {
          const room = new Uint8Array(offset + 64).fill(0xa5);
          const { leafCount, rows, leaves, siblings } = opening;
          const root = room.subarray(offset, offset + 32);
          const words = Uint32Array.from(rows);
          expect(other.foldOpening(leafCount, words, leaves, siblings, root)).toBe(true);
          expect([...root]).toEqual([...foldMultiproof(opening, workTreeHasher)!]);
          expect(room.filter((_, i) => i < offset || i >= offset + 32)).toEqual(
            new Uint8Array(offset + 32).fill(0xa5),
          );
        }),
        fcParameters(60),
      );
      other.close();
    }
  });

  it('says so, and writes nothing, when leaves or siblings are too few or too many', () => {
    const changes = fc.constantFrom(-64, -32, -1, 1, 31, 32, 4096);
    const root = new Uint8Array(32);
    fc.assert(
      fc.property(openings, changes, fc.boolean(), (opening, change, isOfLeaves) => {
        const { leafCount, rows, leaves, siblings } = opening;
        const resized = new Uint8Array(
          Math.max(0, (isOfLeaves ? leaves : siblings).length + change),
        );
        fc.pre(isOfLeaves || resized.length !== siblings.length);
        const [some, others] = isOfLeaves ? [resized, siblings] : [leaves, resized];
        const words = Uint32Array.from(rows);
        expect(kernel.foldOpening(leafCount, words, some, others, root)).toBe(false);
        expect(root).toEqual(new Uint8Array(32));
      }),
      fcParameters(200),
    );
  });

  it('folds nothing for rows that are no challenge', () => {
    const fold = (m: number, rows: number[], rootBytes = 32): string | undefined =>
      nameOfError(() =>
        kernel.foldOpening(
          ...([m, Uint32Array.from(rows), new Uint8Array(64)] as const),
          ...([new Uint8Array(320), new Uint8Array(rootBytes)] as const),
        ),
      );
    for (const rows of [[], [3, 3], [4, 3], [0, 64], [2 ** 32 - 1]]) {
      expect(fold(64, rows)).toBe('RangeError');
    }
    for (const m of [0, 1, 65, 2 ** 24 + 64]) expect(fold(m, [0, 1])).toBe('RangeError');
    expect(fold(64, [0, 1], 31)).toBe('RangeError');
    expect(fold(64, [0, 1])).toBeUndefined();
    kernel.close();
    expect(fold(64, [0, 1])).toBe('Error');
  });

  it('gives results only inside of the call that announces them, and only in full', async () => {
    const weights = kernel.createWeights(64, 64);
    const got = await new Promise<unknown[]>((resolve) => {
      const other = new addon.NativeKernel(1, '', () => {
        const errors: unknown[] = [];
        for (const out of [new Uint8Array(31), new Uint8Array(65), new Int8Array(64), undefined]) {
          try {
            other.takeResult(out as Uint8Array);
          } catch (error) {
            errors.push((error as Error).name);
          }
        }
        resolve(errors);
      });
      const own = other.createWeights(64, 64);
      other.submitLeaves(own, 64, 64, new Uint8Array(32), new Uint32Array(2), new Uint32Array(2));
    });
    expect(got).toEqual(['RangeError', 'RangeError', 'TypeError', 'TypeError']);
    kernel.freeWeights(weights);
    expect(() => kernel.takeResult(new Uint8Array(64))).toThrow('no job has just been done');
  });

  it('survives being closed in the middle, twice, and used afterwards', () => {
    const weights = kernel.createWeights(1024, 1024);
    const jobs = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0
        ? kernel.submitPack(weights, new Uint8Array(64))
        : kernel.submitCommit(weights, 1024, 1024, 2 ** 20, new Uint8Array(32), 6),
    );
    kernel.cancel(jobs[3]!);
    kernel.close();
    kernel.close();
    kernel.cancel(jobs[5]!);
    kernel.freeWeights(weights);
    expect(() => kernel.createWeights(64, 64)).toThrow('closed');
    expect(() => kernel.submitPack(weights, new Uint8Array(64))).toThrow('closed');
  });

  it('lets go of weights only after the jobs that use them', async () => {
    const done = new Promise<void>((resolve) => {
      settled = () => {
        if (outcomes.length === 2) resolve();
      };
    });
    const weights = kernel.createWeights(1024, 64);
    kernel.submitPack(weights, new Uint8Array(64));
    kernel.submitCommit(weights, 1024, 64, 4096, new Uint8Array(32), 0);
    kernel.freeWeights(weights);
    expect(() => kernel.submitPack(weights, new Uint8Array(64))).toThrow('no such id');
    await done;
    expect(outcomes).toEqual(['done', 'done']);
  });
});
