/// <reference types="@webgpu/types" />
import { KernelError, streamRow, weightsKey } from '@tops/kernel-spec';
import { STAGING_BUFFER } from './device/buffer-usage.ts';
import type { DeviceSession } from './device/device-session.ts';
import type { GemmPath } from './gemm-path.ts';
import { createLayerBuffers, destroyAll, runPass } from './layer-timer.ts';
import { gemm, type GemmOperands } from './twins/gemm.ts';

/** Operands whose layer a variant has to get right before it is used. */
export interface GemmAnswer extends GemmOperands {
  readonly expected: Int8Array;
}

/** Across the edges of every tile, and a depth no step of 128 divides. */
const EDGE_SIZE = 192;
/** Two tiles of nothing: the depth is the point, the largest there is. */
const DEEP_SIZE = 64;
const DEEP_DEPTH = 16_384;

/** Made once: the deep one takes a CPU a tenth of a second. */
let edge: GemmAnswer | undefined;
let deep: GemmAnswer | undefined;

/**
 * What a variant has to answer on this device. A software adapter is spared the deep one: it computes in the integers of the
 * CPU, and would take seconds over all variants.
 */
export function gemmAnswers(isSoftware: boolean): readonly GemmAnswer[] {
  edge ??= edgeAnswer();
  return isSoftware ? [edge] : [edge, (deep ??= deepAnswer())];
}

/** Rows and columns at the ends of the range, alternating, zero, and random ones. */
export function edgeAnswer(): GemmAnswer {
  const matrix = (key: Uint8Array): Int8Array => {
    const out = new Int8Array(EDGE_SIZE * EDGE_SIZE);
    for (let i = 0; i < EDGE_SIZE; i++) {
      const row = out.subarray(i * EDGE_SIZE, (i + 1) * EDGE_SIZE);
      if (i % 8 === 0) row.fill(-128);
      else if (i % 8 === 1) row.fill(127);
      else if (i % 8 === 2) row.forEach((_, t) => (row[t] = t % 2 === 0 ? -128 : 127));
      else if (i % 8 > 3) row.set(streamRow(key, i, EDGE_SIZE));
    }
    return out;
  };
  return answerTo({
    left: matrix(weightsKey(1)),
    weights: matrix(weightsKey(2)),
    depth: EDGE_SIZE,
    shift: 10,
  });
}

/**
 * Sums that climb to 2^26 and more over half the depth and come down again to a small number that shows to the last bit:
 * an accumulator of fewer bits than an int32, a float's say, is found out. Beside it extremes over the whole depth.
 */
export function deepAnswer(): GemmAnswer {
  const half = DEEP_DEPTH / 2;
  const left = new Int8Array(DEEP_SIZE * DEEP_DEPTH);
  const weights = new Int8Array(DEEP_SIZE * DEEP_DEPTH);
  for (let i = 0; i < DEEP_SIZE; i++) {
    const row = left.subarray(i * DEEP_DEPTH, (i + 1) * DEEP_DEPTH);
    const column = weights.subarray(i * DEEP_DEPTH, (i + 1) * DEEP_DEPTH);
    if (i % 8 === 6) row.fill(-128);
    else if (i % 8 !== 7) {
      row.fill(127, 0, half).fill(-127, half);
      // Against a last weight of 1: the whole sum is 20 + i.
      row[DEEP_DEPTH - 1] = -127 + 20 + i;
    }
    if (i % 8 === 6) column.fill(-128);
    else if (i % 8 === 7) column.forEach((_, t) => (column[t] = t % 2 === 0 ? -128 : 127));
    else {
      const random = streamRow(weightsKey(1), i, half);
      random.forEach((value, t) => (column[t] = 64 + (value & 63)));
      column[half - 1] = 1;
      column.copyWithin(half, 0, half);
    }
  }
  return answerTo({ left, weights, depth: DEEP_DEPTH, shift: 0 });
}

function answerTo(operands: GemmOperands): GemmAnswer {
  return { ...operands, expected: gemm(operands) };
}

/** @throws KernelError `self_test_failed`, and as the device fails */
export async function requireGemmAnswer(
  session: DeviceSession,
  path: GemmPath,
  { left, weights, depth, shift, expected }: GemmAnswer,
): Promise<void> {
  const { device } = session;
  const rowCount = left.length / depth;
  const columnCount = weights.length / depth;
  const size = { rowCount, columnCount, depth };
  const buffers = await createLayerBuffers(session, size);
  const staging = await session.create(() =>
    device.createBuffer({ size: expected.length, usage: STAGING_BUFFER }),
  );
  try {
    device.queue.writeBuffer(buffers.left, 0, left as Int8Array<ArrayBuffer>);
    device.queue.writeBuffer(buffers.weights, 0, weights as Int8Array<ArrayBuffer>);
    await runPass(
      session,
      buffers,
      (params) => [path.layer(params, { ...size, shift, ...buffers })],
      {
        finish: (encoder) => {
          encoder.copyBufferToBuffer(buffers.result, 0, staging, 0, expected.length);
        },
      },
    );
    const got = new Int8Array((await session.read(staging, expected.length)).buffer);
    const wrong = got.findIndex((value, i) => value !== expected[i]);
    if (wrong >= 0) {
      const position = `depth ${depth}, row ${Math.floor(wrong / columnCount)}, column ${wrong % columnCount}`;
      throw new KernelError(
        'self_test_failed',
        `${position}: expected ${expected[wrong]}, got ${got[wrong]}`,
      );
    }
  } finally {
    destroyAll([...Object.values(buffers), staging]);
  }
}
