import { shapeOps } from '@tops/protocol';
import { createCpuKernel, type CpuKernel } from '../src/index.ts';
import { loadAddon } from '../src/native/load-addon.ts';
import { createNativeBackend, type NativeBackend } from '../src/native/native-backend.ts';
import { layerRow } from '../src/reference/gemm.ts';
import type { NativeAddon } from '../src/native/addon.ts';
import type { Subject } from './subject.ts';

const LIMIT_ROUNDS = 200_000;
const GEMM_OPS = 2e10;
const PLAIN_ROWS = 4;

export interface NativeSubjects {
  readonly isa: string;
  readonly limit: Subject;
  /** Both layers alone, with the number of threads given. */
  gemm(size: number, threadCount: number): Promise<Subject>;
}

/** Undefined, with the reason, where there is no addon. */
export function nativeSubjects(): NativeSubjects | string {
  const loaded = loadAddon();
  if (!loaded.ok) return loaded.reason;
  const { addon } = loaded;
  const [isa = 'generic'] = addon.listIsas();
  return {
    isa,
    limit: {
      name: `register-only multiply-adds, ${isa}`,
      ops: addon.runLimitLoop(isa, LIMIT_ROUNDS),
      run: () => {
        addon.runLimitLoop(isa, LIMIT_ROUNDS);
      },
    },
    gemm: (size, threadCount) => gemmSubject(addon, size, threadCount),
  };
}

async function gemmSubject(
  addon: NativeAddon,
  size: number,
  threadCount: number,
): Promise<Subject> {
  const backend: NativeBackend = createNativeBackend(
    { threadCount, weightsCacheBytes: 2 ** 28 },
    addon,
  );
  const rowOps = 4 * size * size;
  const wanted = Math.ceil((GEMM_OPS * threadCount) / rowOps);
  const rowCount = await backend.multiplyOnly({ n: size, k: size }, wanted);
  return {
    name: `native GEMM, ${threadCount} threads`,
    ops: rowCount * rowOps,
    run: async () => {
      await backend.multiplyOnly({ n: size, k: size }, rowCount);
    },
    close: () => backend.close(),
  };
}

/** Whole attempts: streams, both layers, leaves, tree. `gemmShare` is of the threads' time, since the subject was made. */
export interface AttemptSubject extends Subject {
  readonly kernel: CpuKernel;
  /** Forgets the times so far. */
  resetTimes(): void;
  gemmMs(): number;
}

export async function attemptSubject(
  choice: 'native' | 'wasm',
  shape: { readonly m: number; readonly n: number; readonly k: number },
  threadCount: number,
): Promise<AttemptSubject> {
  const kernel = await createCpuKernel({ choice, threadCount });
  let attemptCount = 0;
  let gemmMsBefore = 0;
  return {
    name: `${choice} attempts, ${threadCount} threads`,
    ops: Number(shapeOps(shape)),
    kernel,
    resetTimes: () => {
      gemmMsBefore = kernel.times.gemmMs;
    },
    gemmMs: () => kernel.times.gemmMs - gemmMsBefore,
    run: async () => {
      const attemptKey = new Uint8Array(32).fill(attemptCount++);
      await kernel.commit({ attemptKey, shape });
    },
    close: () => kernel.close(),
  };
}

/** Three nested loops in JavaScript, a few rows of one layer. */
export function plainSubject(size: number): Subject {
  const left = new Int8Array(size).map((_, i) => (i * 37) % 128);
  const weights = new Int8Array(size * size).map((_, i) => (i * 31) % 256);
  return {
    name: 'plain triple loop, JavaScript',
    ops: 2 * PLAIN_ROWS * size * size,
    run: () => {
      for (let row = 0; row < PLAIN_ROWS; row++) layerRow(left, weights, size, 12);
    },
  };
}
