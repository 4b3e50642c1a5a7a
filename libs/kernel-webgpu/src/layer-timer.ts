/// <reference types="@webgpu/types" />
import { weightsKey } from '@tops/kernel-spec';
import { STORAGE_BUFFER, UNIFORM_BUFFER } from './device/buffer-usage.ts';
import type { DeviceSession } from './device/device-session.ts';
import { ParamsWriter, encodeDispatch, type Dispatch } from './device/dispatch.ts';
import {
  createTimestampBuffers,
  destroyTimestamps,
  resolveTimestamps,
  secondsBetween,
  timestampBytes,
  type TimestampBuffers,
} from './device/pass-timer.ts';
import type { GemmPath } from './gemm-path.ts';
import type { Stages } from './stages.ts';

/** Below this, submitting and waiting are part of what a wall clock shows. */
export const LONG_ENOUGH_SECONDS = 0.01;
const REPEATS = 3;
const MAX_LAYERS = 64;
/** A software adapter: repeating gains nothing once the first run has waited for its compiler. */
const SLOW_SECONDS = 0.1;

export interface LayerSize {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly depth: number;
}

/**
 * Seconds of one layer, the best of a few runs after a first one that warms caches and clocks, by the device's clock where it
 * has one. A run repeats the layer until submitting it no longer counts.
 */
export async function timeLayer(
  session: DeviceSession,
  path: GemmPath,
  buffers: LayerBuffers,
  size: LayerSize & { readonly shift: number },
): Promise<number> {
  const timestamps = session.hasTimestamps
    ? await session.create(() => createTimestampBuffers(session.device, 2))
    : undefined;
  const run = async (layerCount: number): Promise<number> => {
    const makeLayers = (params: ParamsWriter): Dispatch[] => {
      const layer = path.layer(params, { ...size, ...buffers });
      return Array.from({ length: layerCount }, () => layer);
    };
    return (await timePass(session, { buffers, makeLayers, timestamps })) / layerCount;
  };
  try {
    await run(1);
    let bestSeconds = await run(1);
    if (bestSeconds > SLOW_SECONDS) return bestSeconds;
    const layerCount = Math.min(MAX_LAYERS, Math.ceil((2 * LONG_ENOUGH_SECONDS) / bestSeconds));
    for (let i = 0; i < REPEATS; i++) bestSeconds = Math.min(bestSeconds, await run(layerCount));
    return bestSeconds;
  } finally {
    if (timestamps) destroyTimestamps(timestamps);
  }
}

/** Seconds of one pass: by timestamps where there are any that make sense, else from submitting it to hearing of its end. */
async function timePass(
  session: DeviceSession,
  work: {
    readonly buffers: LayerBuffers;
    readonly makeLayers: (params: ParamsWriter) => readonly Dispatch[];
    readonly timestamps: TimestampBuffers | undefined;
  },
): Promise<number> {
  const { buffers, makeLayers, timestamps } = work;
  const start = performance.now();
  if (!timestamps) {
    await runPass(session, buffers, makeLayers);
    return (performance.now() - start) / 1e3;
  }
  const { queries: querySet, staging } = timestamps;
  await runPass(session, buffers, makeLayers, {
    timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    finish: (encoder) => {
      resolveTimestamps(encoder, timestamps, 2);
    },
  });
  const wallSeconds = (performance.now() - start) / 1e3;
  return secondsBetween(await session.read(staging, timestampBytes(2)), 0, 1) || wallSeconds;
}

/** Operands and result of one layer. */
export interface LayerBuffers {
  readonly uniforms: GPUBuffer;
  readonly rows: GPUBuffer;
  readonly left: GPUBuffer;
  readonly weights: GPUBuffer;
  readonly result: GPUBuffer;
}

/** @throws KernelError `out_of_memory`, `device_failed` */
export function createLayerBuffers(session: DeviceSession, size: LayerSize): Promise<LayerBuffers> {
  const { rowCount, columnCount, depth } = size;
  const { device } = session;
  const storage = (bytes: number): GPUBuffer =>
    device.createBuffer({ size: bytes, usage: STORAGE_BUFFER });
  return session.create(() => ({
    uniforms: device.createBuffer({ size: 1024, usage: UNIFORM_BUFFER }),
    rows: storage(4),
    left: storage(rowCount * depth),
    weights: storage(columnCount * depth),
    result: storage(rowCount * columnCount),
  }));
}

/** Random operands: a GPU clocks higher on zeros. */
export function fillOperands(
  session: DeviceSession,
  stages: Stages,
  { uniforms, rows, left, weights }: LayerBuffers,
  { rowCount, columnCount, depth }: LayerSize,
): Promise<void> {
  const common = { key: weightsKey(1), k: depth, firstRow: 0, gather: false, rows };
  return runPass(session, { uniforms }, (params) => [
    stages.operandStream(params, { ...common, rowCount, operand: left }),
    stages.operandStream(params, { ...common, rowCount: columnCount, operand: weights }),
  ]);
}

/** What a pass has beside its dispatches. */
export interface PassExtras {
  readonly timestampWrites?: GPUComputePassTimestampWrites;
  /** Adds what follows the pass in the same submission. */
  readonly finish?: (encoder: GPUCommandEncoder) => void;
}

/** Runs dispatches in one pass, then what `finish` adds. @throws KernelError */
export function runPass(
  session: DeviceSession,
  { uniforms }: Pick<LayerBuffers, 'uniforms'>,
  makeDispatches: (params: ParamsWriter) => readonly Dispatch[],
  { timestampWrites, finish }: PassExtras = {},
): Promise<void> {
  const { device } = session;
  return session.submit(() => {
    const params = new ParamsWriter(device, uniforms);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    for (const dispatch of makeDispatches(params)) encodeDispatch(device, pass, dispatch);
    pass.end();
    finish?.(encoder);
    params.flush();
    return encoder.finish();
  });
}

export function destroyAll(buffers: readonly GPUBuffer[]): void {
  for (const buffer of buffers) buffer.destroy();
}
