import { bytesToHex, hexToBytes } from '@tops/crypto';
import type { Attempt } from './attempt.ts';
import { KernelError } from './kernel-error.ts';
import type { Kernel } from './kernel.ts';

/** Case "tall" of the protocol's vectors (docs/protocol.md), without the key derivation. */
const attempt: Attempt = {
  attemptKey: hexToBytes('48ed4e0076e54a8b0c7732d3b8faff95d0ad97eafebce404ec34eb93a12751dd'),
  shape: { m: 192, n: 64, k: 128 },
};
const expectedRoot = '1e4dc53266ffae102b469235566411ec438e71fbe87f542e63eeb24752da7e35';

/**
 * Known-answer test: no work is done on a machine whose compiler, processor or driver gets a published case wrong.
 *
 * @throws KernelError `self_test_failed`
 */
export async function requireKnownAnswer(kernel: Pick<Kernel, 'commit'>): Promise<void> {
  const { workRoot } = await kernel.commit(attempt);
  const root = bytesToHex(workRoot);
  if (root !== expectedRoot) {
    throw new KernelError('self_test_failed', `expected root ${expectedRoot}, got ${root}`);
  }
}
