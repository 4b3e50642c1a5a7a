import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@tops/crypto';
import { createCpuKernel, createReferenceKernel } from '@tops/kernel-cpu';
import { describeError } from '../cli-io.ts';
import { found, type Finding } from './finding.ts';

/** Small enough for the reference twin, large enough for several chunks and an uneven tree. */
const SELF_TEST_SHAPE = { m: 192, n: 128, k: 192 } as const;

/** Starts the fast kernel as a worker would and compares a fresh attempt with the reference twin. */
export async function selfTestKernel(threadCount: number | undefined): Promise<Finding> {
  const attempt = { attemptKey: Uint8Array.from(randomBytes(32)), shape: SELF_TEST_SHAPE };
  const reference = createReferenceKernel();
  try {
    const kernel = await createCpuKernel(threadCount === undefined ? {} : { threadCount });
    try {
      const [fast, plain] = [await kernel.commit(attempt), await reference.commit(attempt)];
      const name = `${kernel.driverHint}, ${kernel.threadCount} threads`;
      return bytesToHex(fast.workRoot) === bytesToHex(plain.workRoot)
        ? found('cpu kernel', 'ok', `${name}: equal to the reference kernel`)
        : found('cpu kernel', 'fail', `${name}: computes other bytes than the reference kernel`);
    } finally {
      await kernel.close();
    }
  } catch (error) {
    return found('cpu kernel', 'fail', describeError(error));
  } finally {
    await reference.close();
  }
}
