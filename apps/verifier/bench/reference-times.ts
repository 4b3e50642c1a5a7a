import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import type { CpuKernel } from '@tops/kernel-cpu';
import type { Shape } from '@tops/protocol';

/** The rows of one receipt, one challenge at a time. @returns thread milliseconds */
export async function measureKernelMs(
  { shape, rowCount }: { readonly shape: Shape; readonly rowCount: number },
  kernel: CpuKernel,
): Promise<number> {
  const rows = Array.from({ length: rowCount }, (_, i) => i);
  const count = 200;
  const before = sumOf(kernel.times);
  for (let i = 0; i < count; i++) {
    await kernel.computeLeaves({ attemptKey: randomBytes(32), shape }, rows);
  }
  return (sumOf(kernel.times) - before) / count;
}

/**
 * One Ed25519 verification by OpenSSL, key at hand: the one part of a receipt that nobody here can make faster, and so the
 * measure of the moment's machine. @returns processor milliseconds
 */
export function measureSignatureMs(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const message = randomBytes(500);
  const signature = sign(null, message, privateKey);
  const count = 2000;
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    if (!verify(null, message, publicKey, signature)) throw new Error('a good signature failed');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

function sumOf({ streamsMs, gemmMs, hashingMs }: CpuKernel['times']): number {
  return streamsMs + gemmMs + hashingMs;
}
