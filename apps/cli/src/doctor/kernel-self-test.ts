import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@tops/crypto';
import {
  createCpuKernel,
  createReferenceKernel,
  listNativeIsas,
  type CpuKernelChoice,
  type CpuKernelSelection,
} from '@tops/kernel-cpu';
import { describeError } from '../cli-io.ts';
import { found, type Finding } from './finding.ts';

/** Small enough for the reference twin, large enough for several chunks and an uneven tree. */
const SELF_TEST_SHAPE = { m: 192, n: 128, k: 192 } as const;

/**
 * Starts the CPU kernel as a worker would and compares a fresh attempt with the reference twin. A second finding says why it
 * is not the native one.
 */
export async function selfTestKernel(
  choice: CpuKernelChoice,
  threadCount: number | undefined,
): Promise<Finding[]> {
  const attempt = { attemptKey: Uint8Array.from(randomBytes(32)), shape: SELF_TEST_SHAPE };
  const reference = createReferenceKernel();
  try {
    const kernel = await createCpuKernel({
      choice,
      ...(threadCount === undefined ? {} : { threadCount }),
    });
    try {
      const [fast, plain] = [await kernel.commit(attempt), await reference.commit(attempt)];
      const name = `${kernel.driverHint}, ${kernel.threadCount} threads`;
      const verdict =
        bytesToHex(fast.workRoot) === bytesToHex(plain.workRoot)
          ? found('cpu kernel', 'ok', `${name}: equal to the reference kernel`)
          : found('cpu kernel', 'fail', `${name}: computes other bytes than the reference kernel`);
      return [verdict, inspectSelection(choice, kernel.selection)];
    } finally {
      await kernel.close();
    }
  } catch (error) {
    return [found('cpu kernel', 'fail', describeError(error))];
  } finally {
    await reference.close();
  }
}

/** Which kernel, which instruction set, and why. A missing addon costs speed, nothing else; a wrong one is worth a look. */
function inspectSelection(choice: CpuKernelChoice, selection: CpuKernelSelection): Finding {
  const { kernel, isa, fallback } = selection;
  if (fallback !== undefined) {
    const state = fallback.code === 'addon_missing' ? 'ok' : 'warn';
    return found('native kernel', state, `not used, ${fallback.code}: ${fallback.reason}`);
  }
  if (kernel !== 'native') return found('native kernel', 'ok', `not used: KERNEL_CPU=${choice}`);
  const isas = listNativeIsas();
  return found('native kernel', 'ok', `${isa}, the best of ${isas.join(', ')}`);
}
