import { KERNEL_VERSION, VerifierClient } from '@tops/protocol';
import { describeError } from '../cli-io.ts';
import { found, type Finding } from './finding.ts';

/** Whether the verifier answers and checks the same kernel version. Not being up is a warning: workers wait for it. */
export async function reachVerifier(url: string, timeoutMs: number): Promise<Finding> {
  try {
    const result = await new VerifierClient({ baseUrl: url, timeoutMs }).getEpoch();
    if (!result.ok)
      return found('verifier', 'warn', `${url} answered ${result.status} ${result.problem.code}`);
    const { kernel_ver, epoch_id } = result.value;
    if (kernel_ver !== KERNEL_VERSION)
      return found('verifier', 'fail', `${url} checks ${kernel_ver}, this build ${KERNEL_VERSION}`);
    return found('verifier', 'ok', `${url} answers, epoch ${epoch_id}`);
  } catch (error) {
    return found('verifier', 'warn', `${url} does not answer: ${describeError(error)}`);
  }
}
