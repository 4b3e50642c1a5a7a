import { afterAll, beforeAll, describe } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { describeCancellation } from './describe-cancellation.ts';
import { describeArguments } from './describe-arguments.ts';
import { describeDifferential } from './describe-differential.ts';
import { describeOpenings } from './describe-openings.ts';
import { describeVectors, type KernelVector } from './describe-vectors.ts';

export type { KernelVector };

export interface KernelUnderTest {
  readonly name: string;
  /** @param options - `retainedNodeLimit`: nodes kept on the lowest level of an attempt's tree */
  readonly createKernel: (options: { readonly retainedNodeLimit?: number }) => Promise<Kernel>;
  /** The protocol's vectors, from @tops/testing. */
  readonly vectors: readonly KernelVector[];
  /** fast-check's parameters for so many runs, from @tops/testing: they print the seed. */
  readonly propertyParameters: (runCount: number) => { seed: number; numRuns: number };
  /** Property runs; a kernel that computes rows slowly takes fewer. */
  readonly runCount: number;
  /** False for the reference twin itself, which cannot differ from itself. */
  readonly comparesWithReference: boolean;
}

/** For properties that compute whole attempts: a busy machine with few cores may be ten times slower than a quiet one. */
export const PROPERTY_TIMEOUT_MS = 180_000;

/** Kernels every part of the suite works with. */
export interface Subjects {
  readonly kernel: () => Kernel;
  readonly reference: () => Kernel;
}

/**
 * The whole behaviour of a {@link Kernel} as one jest suite: the protocol's vectors, bit-equality with the reference twin,
 * openings, cancellation and closing. Registers `describe` blocks, so call it at the top of a spec file.
 */
export function describeKernelConformance(underTest: KernelUnderTest): void {
  describe(`${underTest.name} conforms to the protocol`, () => {
    let kernel: Kernel;
    let reference: Kernel;
    beforeAll(async () => {
      kernel = await underTest.createKernel({});
      reference = createReferenceKernel();
    });
    afterAll(async () => {
      await kernel.close();
      await reference.close();
    });
    const subjects: Subjects = { kernel: () => kernel, reference: () => reference };
    describeVectors(underTest, subjects);
    if (underTest.comparesWithReference) describeDifferential(underTest, subjects);
    describeArguments(subjects);
    describeOpenings(underTest, subjects);
    describeCancellation(underTest, subjects);
  });
}
