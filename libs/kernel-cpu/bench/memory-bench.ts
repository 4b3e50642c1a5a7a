import { availableParallelism } from 'node:os';
import { benchCpuKernel } from '../src/index.ts';

/** What a worker or verifier may take at these widths, whatever m is. */
const RSS_BOUND_BYTES = 512 * 2 ** 20;

/** One attempt of 2^20 rows by each kernel: rows stream in chunks, so memory must not follow m. */
export async function runMemoryBench(): Promise<void> {
  const shape = { m: 2 ** 20, n: 1024, k: 1024 };
  const threadCount = availableParallelism();
  for (const choice of ['auto', 'wasm'] as const) {
    const result = await benchCpuKernel({ shape, choice, threadCount, attemptCount: 1 });
    const { driverHint, samples, peakRssBytes } = result;
    const seconds = samples[0]?.wallSeconds.toFixed(2);
    const mebibytes = Math.round(peakRssBytes / 2 ** 20);
    console.log(`${driverHint}, 2^20×1024×1024: ${seconds} s, peak RSS ${mebibytes} MiB`);
    // Unlike speed this does not depend on who else uses the machine.
    if (peakRssBytes > RSS_BOUND_BYTES) {
      console.error(`expected at most ${RSS_BOUND_BYTES} bytes resident, got ${peakRssBytes}`);
      process.exitCode = 1;
    }
  }
}
