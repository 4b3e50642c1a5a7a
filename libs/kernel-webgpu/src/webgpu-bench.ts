import { layer1Shift, layer2Shift, type Kernel } from '@tops/kernel-spec';
import { shapeOps, type Shape } from '@tops/protocol';
import type { AdapterDescription } from './device/adapter.ts';
import type { GemmPathName } from './gemm-path.ts';
import type { GemmTrial } from './gemm-trial.ts';
import { createLayerBuffers, destroyAll, fillOperands, timeLayer } from './layer-timer.ts';
import {
  kernelOf,
  openKernelParts,
  type KernelParts,
  type WebGpuKernelOptions,
} from './webgpu-kernel.ts';

/** Rows of a layer timed by itself: enough to fill a device, whatever m is. */
const MAX_LAYER_ROWS = 32_768;

export interface WebGpuBenchOptions {
  readonly kernel: WebGpuKernelOptions;
  readonly paths: readonly GemmPathName[];
  readonly shapes: readonly Shape[];
  /** Whole attempts measured a shape, after one that warms up. */
  readonly attemptCount: number;
}

/** GOP/s are nominal ops (docs/protocol.md) over 10^9, by the wall clock. */
export interface WebGpuBenchRow {
  readonly path: GemmPathName;
  /** The variant the trial chose within the path. */
  readonly variant: string;
  readonly shape: Shape;
  /** Both layers alone, on operands that lie ready. */
  readonly gemmGops: number;
  /** Whole attempts, the next one encoded while one is read back, as a worker does: streams, layers, leaves, tree. */
  readonly attemptGops: number;
  /** attemptGops / gemmGops. */
  readonly ratio: number;
}

export interface WebGpuBenchResult {
  readonly adapter: AdapterDescription;
  readonly rows: readonly WebGpuBenchRow[];
  /** Paths that could not be measured, with the reason. */
  readonly missing: readonly { readonly path: GemmPathName; readonly reason: string }[];
  /** Every variant the trials compared, by path, the fastest first; dropped ones with their reason. */
  readonly trials: readonly GemmTrial[];
}

/**
 * Measures every path on every shape.
 *
 * @param onRow - told of each row as it is measured
 * @throws KernelError when no path can be measured
 */
export async function benchWebGpuKernel(
  options: WebGpuBenchOptions,
  onRow: (row: WebGpuBenchRow) => void = () => undefined,
): Promise<WebGpuBenchResult> {
  const rows: WebGpuBenchRow[] = [];
  const trials: GemmTrial[] = [];
  const missing: { path: GemmPathName; reason: string }[] = [];
  let adapter: AdapterDescription | undefined;
  let failure: unknown;
  for (const path of options.paths) {
    let parts: KernelParts;
    try {
      parts = await openKernelParts({ ...options.kernel, gemmPath: path }, {});
    } catch (error) {
      failure = error;
      missing.push({ path, reason: error instanceof Error ? error.message : String(error) });
      continue;
    }
    adapter = parts.session.adapter;
    trials.push(...parts.choice.trials);
    const kernel = kernelOf(parts, options.kernel);
    try {
      for (const shape of options.shapes) {
        const row = await benchShape(parts, kernel, shape, options.attemptCount);
        rows.push(row);
        onRow(row);
      }
    } finally {
      await kernel.close();
    }
  }
  if (!adapter) throw failure;
  return { adapter, rows, missing, trials };
}

async function benchShape(
  parts: KernelParts,
  kernel: Kernel,
  shape: Shape,
  attemptCount: number,
): Promise<WebGpuBenchRow> {
  const { path, label } = parts.choice.path.variant;
  const gemmGops = await benchLayers(parts, shape);
  const attemptGops = await benchAttempts(kernel, shape, attemptCount);
  return { path, variant: label, shape, gemmGops, attemptGops, ratio: attemptGops / gemmGops };
}

async function benchLayers(
  { session, stages, choice }: KernelParts,
  shape: Shape,
): Promise<number> {
  const { m, n, k } = shape;
  const rowCount = Math.min(m, MAX_LAYER_ROWS);
  let seconds = 0;
  for (const { depth, shift } of [
    { depth: k, shift: layer1Shift(k) },
    { depth: n, shift: layer2Shift(n) },
  ]) {
    const size = { rowCount, columnCount: n, depth };
    const buffers = await createLayerBuffers(session, size);
    try {
      await fillOperands(session, stages, buffers, size);
      seconds += await timeLayer(session, choice.path, buffers, { ...size, shift });
    } finally {
      destroyAll(Object.values(buffers));
    }
  }
  return Number(shapeOps({ m: rowCount, n, k })) / seconds / 1e9;
}

async function benchAttempts(kernel: Kernel, shape: Shape, attemptCount: number): Promise<number> {
  const commit = (keyByte: number, onQueued?: () => void): Promise<unknown> =>
    kernel.commit(
      { attemptKey: new Uint8Array(32).fill(keyByte), shape },
      onQueued ? { onQueued } : {},
    );
  await commit(0);
  const start = performance.now();
  let before: Promise<unknown> = Promise.resolve();
  for (let attempt = 1; attempt <= attemptCount; attempt++) {
    let next: Promise<unknown> = before;
    await new Promise<void>((resolve, reject) => {
      next = commit(attempt, resolve);
      next.catch(reject);
    });
    await before;
    before = next;
  }
  await before;
  const seconds = (performance.now() - start) / 1e3;
  return (Number(shapeOps(shape)) * attemptCount) / seconds / 1e9;
}
