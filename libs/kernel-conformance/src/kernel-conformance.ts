import { afterAll, beforeAll, describe } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { describeBatches } from './describe-batches.ts';
import { describeCancellation } from './describe-cancellation.ts';
import { describeArguments } from './describe-arguments.ts';
import { describeDifferential } from './describe-differential.ts';
import { describeEdges } from './describe-edges.ts';
import { describeOpenings } from './describe-openings.ts';
import { describeVectors } from './describe-vectors.ts';
import type { KernelUnderTest, Subjects } from './kernel-under-test.ts';

/**
 * The whole behaviour of a {@link Kernel} as one jest suite: the protocol's vectors, bit-equality with the reference twin,
 * openings, cancellation and closing. Registers `describe` blocks, so call it at the top of a spec file.
 */
export function describeKernelConformance(underTest: KernelUnderTest): void {
  describe(`${underTest.name} conforms to the protocol`, () => {
    let kernel: Kernel;
    let reference: Kernel;
    let oracle: Kernel;
    beforeAll(async () => {
      kernel = await underTest.createKernel({});
      reference = createReferenceKernel();
      oracle = (await underTest.createOracle?.()) ?? reference;
    });
    afterAll(async () => {
      await kernel.close();
      await reference.close();
      await oracle.close();
    });
    const subjects: Subjects = {
      kernel: () => kernel,
      reference: () => reference,
      oracle: () => oracle,
    };
    describeVectors(subjects);
    if (underTest.comparesWithReference) {
      describeDifferential(underTest, subjects);
      describeEdges(underTest, subjects);
    }
    describeArguments(subjects);
    describeOpenings(underTest, subjects);
    if (underTest.takesBatches === true) describeBatches(underTest, subjects);
    describeCancellation(underTest, subjects);
  });
}
