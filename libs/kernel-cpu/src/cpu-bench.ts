import { shapeOps, type Shape } from '@tops/protocol';
import type { CpuKernel, CpuKernelChoice } from './backend-kernel.ts';
import { createCpuKernel } from './cpu-kernel.ts';
import { loadAddon } from './native/load-addon.ts';
import { Arena } from './wasm/arena.ts';
import { compileKernelModule, instantiateKernel } from './wasm/kernel-module.ts';

/** Ops of one round of `multiplyAddRounds`: 8 instructions of 8 multiplications and 8 additions. */
const OPS_PER_ROUND = 128;
const LIMIT_SAMPLE_MS = 10;

export interface CpuBenchOptions {
  readonly shape: Shape;
  readonly choice?: CpuKernelChoice;
  /** Default: the cores this process may use. */
  readonly threadCount?: number;
  /** Whole attempts measured, default 3. */
  readonly attemptCount?: number;
  readonly signal?: AbortSignal;
}

/** One measured attempt. GOP/s are nominal ops (docs/protocol.md) over 10^9. */
export interface CpuBenchSample {
  readonly wallSeconds: number;
  /** Processor time of the whole process, all threads, user and system. */
  readonly cpuSeconds: number;
  readonly gopsPerWallSecond: number;
  /** What one core does in a second of processor time: less disturbed by other processes than wall time. */
  readonly gopsPerCpuSecond: number;
  /** Register-only multiply-adds of one thread just before and after, in processor time too: the ceiling at that moment. */
  readonly limitGopsPerCpuSecond: number;
}

export interface CpuBenchResult {
  readonly shape: Shape;
  readonly driverHint: string;
  readonly threadCount: number;
  readonly samples: readonly CpuBenchSample[];
  /** Shares of the threads' time, together 1: gopsPerCpuSecond / share.gemm is what the multiplications alone reach. */
  readonly share: { readonly streams: number; readonly gemm: number; readonly hashing: number };
  /** Highest resident set of this process so far. */
  readonly peakRssBytes: number;
}

/**
 * Measures whole attempts (streams, both layers, leaves, tree) with weights and code warm.
 *
 * @throws KernelError
 */
export async function benchCpuKernel(options: CpuBenchOptions): Promise<CpuBenchResult> {
  const { shape, attemptCount = 3, choice = 'auto', threadCount, signal } = options;
  const kernel = await createCpuKernel({
    choice,
    ...(threadCount !== undefined && { threadCount }),
  });
  try {
    const measureLimit = await limitMeter(kernel);
    await warmUp(kernel, shape, signal);
    const before = { ...kernel.times };
    const samples: CpuBenchSample[] = [];
    for (let i = 0; i < attemptCount; i++) {
      samples.push(await measureAttempt(kernel, shape, i, measureLimit, signal));
    }
    const streams = kernel.times.streamsMs - before.streamsMs;
    const gemm = kernel.times.gemmMs - before.gemmMs;
    const hashing = kernel.times.hashingMs - before.hashingMs;
    const all = streams + gemm + hashing;
    return {
      shape,
      driverHint: kernel.driverHint,
      threadCount: kernel.threadCount,
      samples,
      share: { streams: streams / all, gemm: gemm / all, hashing: hashing / all },
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    await kernel.close();
  }
}

async function measureAttempt(
  kernel: CpuKernel,
  shape: Shape,
  index: number,
  measureLimit: () => number,
  signal: AbortSignal | undefined,
): Promise<CpuBenchSample> {
  const attemptKey = new Uint8Array(32).fill(index);
  const limitBefore = measureLimit();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await kernel.commit({ attemptKey, shape }, { ...(signal && { signal }) });
  const wallSeconds = (performance.now() - start) / 1e3;
  const cpu = process.cpuUsage(cpuBefore);
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  const gigaOps = Number(shapeOps(shape)) / 1e9;
  return {
    wallSeconds,
    cpuSeconds,
    gopsPerWallSecond: gigaOps / wallSeconds,
    gopsPerCpuSecond: gigaOps / cpuSeconds,
    limitGopsPerCpuSecond: (limitBefore + measureLimit()) / 2,
  };
}

/** Weights packed, and enough calls for V8 to have replaced its baseline code. */
async function warmUp(kernel: CpuKernel, shape: Shape, signal?: AbortSignal): Promise<void> {
  const m = Math.min(shape.m, 64 * kernel.threadCount * 8);
  for (let i = 0; i < 3; i++) {
    const attempt = { attemptKey: new Uint8Array(32), shape: { ...shape, m } };
    await kernel.commit(attempt, { ...(signal && { signal }) });
  }
}

/** @returns a function that keeps the calling thread busy for some 50 ms and gives GOP/s of processor time, the median
 * of five samples */
async function limitMeter({ selection }: CpuKernel): Promise<() => number> {
  const run = selection.isa === undefined ? await wasmLimitLoop() : nativeLimitLoop(selection.isa);
  let roundCount = 20_000;
  const sample = (): { readonly ms: number; readonly ops: number } => {
    const before = process.cpuUsage();
    const ops = run(roundCount);
    return { ops, ms: process.cpuUsage(before).user / 1e3 };
  };
  for (let i = 0; i < 50; i++) {
    sample();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  roundCount = Math.ceil((roundCount * LIMIT_SAMPLE_MS) / Math.max(sample().ms, 0.1));
  return () => {
    const gops = Array.from({ length: 5 }, sample)
      .map(({ ops, ms }) => ops / (ms * 1e6))
      .sort((a, b) => a - b);
    return gops[2] ?? Number.NaN;
  };
}

/** Register-only multiply-adds; gives the ops done. */
type LimitLoop = (roundCount: number) => number;

async function wasmLimitLoop(): Promise<LimitLoop> {
  const { memory } = new Arena();
  const { multiplyAddRounds } = instantiateKernel(await compileKernelModule(), memory);
  return (roundCount) => {
    multiplyAddRounds(roundCount);
    return roundCount * OPS_PER_ROUND;
  };
}

function nativeLimitLoop(isa: string): LimitLoop {
  const loaded = loadAddon();
  if (!loaded.ok) throw new Error(loaded.reason);
  return (roundCount) => loaded.addon.runLimitLoop(isa, roundCount);
}
